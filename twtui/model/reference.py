"""How triggers and captures are written, with a sentence each: for the help and the manual."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """One way to write something."""

    examples: tuple[str, ...]
    """Each of them parses."""
    meaning: str


TRIGGER_FORMS = (
    Form(
        ("sample",),
        "the CPU clock, while it runs; `-F HZ` or `--period N` says how often",
    ),
    Form(
        ("sample:task-clock", "sample:cycles", "sample:instructions"),
        "another clock or counter; the last two need a PMU, which many virtual machines lack",
    ),
    Form(
        ("sample:page-faults", "sample:context-switches"),
        "each page fault, each context switch; `--period N`: each Nth",
    ),
    Form(
        ("syscall:openat", "syscall:read:exit"),
        "the entry of a system call, or its exit; the kernel's name for it (`newstat`, not `stat`)",
    ),
    Form(("tracepoint:sched:sched_switch",), "any tracepoint of the kernel"),
    Form(
        ("uprobe:libc:malloc", "uprobe:/usr/bin/bash:readline"),
        "the entry of a function of the program or a library: by name as it is mapped, or by path",
    ),
    Form(
        ("uprobe:libc:malloc+4", "uprobe:exe:0x11c9"),
        "an instruction in it; or one by its address in the file, as `nm` shows it",
    ),
    Form(("uretprobe:libssl:SSL_read",), "its return, where `ret` is known"),
    Form(
        ("probe", "probe:2hz"),
        "on demand (a key press), or so many times a second: on every thread, asleep or not",
    ),
)
"""Every kind of trigger."""

CAPTURE_FORMS = (
    Form(("str(arg2)",), "the string that the second argument points to"),
    Form(("bytes(arg2, arg3)",), "as many bytes as the third argument says, up to `--max-bytes`"),
    Form(("bytes(sp, 64)",), "the newest 64 bytes of the stack"),
    Form(
        ("u64(arg1+8)", "i32(arg1)", "ptr(arg1)"),
        "a number behind a pointer: `u8` to `u64`, `i8` to `i64`, `ptr`",
    ),
    Form(("arg3", "ret", "*(arg1+8)"), "a register, argument or pointer itself, as a number"),
    Form(("str(*sym:environ)",), "through a pointer, found by its symbol; up to four `*`"),
    Form(
        ("bytes(entry.arg2, ret)",),
        "what an argument was at the entry of the function that returns",
    ),
    Form(
        ("bytes(sym:@arg_start, sym:@arg_length)",),
        "the command line; with `env` for `arg`, the environment it was started with",
    ),
    Form(("stack",), "the stack, by frame pointers"),
    Form(("python",), "the Python functions that a CPython runs"),
    Form(("none",), "nothing: the callback alone"),
)
"""Every kind of capture."""
