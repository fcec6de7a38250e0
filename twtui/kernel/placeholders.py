"""The numbers that stand for kfuncs and maps in the compiled programs; the mirror of bpf/task_work.h."""

from __future__ import annotations

KFUNC_BASE = 0x7F000000
"""A call with this immediate plus a kfunc's number becomes a call of the kfunc."""
MAP_HIGH_WORD = 0x74770000
"""A 64-bit constant with this high word names a map in its low word."""

KFUNCS = {
    1: "bpf_task_work_schedule_resume",
    2: "bpf_task_work_schedule_signal",
    3: "bpf_copy_from_user_str",
    4: "bpf_task_from_pid",
    5: "bpf_task_release",
}
MAPS = {
    1: "slots",
    2: "flights",
    3: "targets",
    4: "config",
    5: "captures",
    6: "counters",
    7: "latency",
    8: "events",
    9: "scratch",
    10: "buffers",
    11: "zeros",
    12: "cursors",
    13: "threads",
    14: "entries",
    15: "python_offsets",
    16: "calls",
}
