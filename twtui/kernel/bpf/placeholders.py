"""The numbers of kfuncs, helpers and maps in the compiled programs; the mirror of bpf/task_work.h."""

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
    6: "bpf_preempt_disable",
    7: "bpf_preempt_enable",
}
HELPERS = {
    1: "map_lookup_elem",
    2: "map_update_elem",
    3: "map_delete_elem",
    5: "ktime_get_ns",
    8: "get_smp_processor_id",
    14: "get_current_pid_tgid",
    16: "get_current_comm",
    67: "get_stack",
    112: "probe_read_user",
    113: "probe_read_kernel",
    114: "probe_read_user_str",
    130: "ringbuf_output",
    148: "copy_from_user",
    156: "task_storage_get",
    158: "get_current_task_btf",
    164: "for_each_map_elem",
    174: "get_attach_cookie",
    175: "task_pt_regs",
}
"""Numbers and names of the helpers, as ``enum bpf_func_id`` has them; none stands for anything else."""
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
