"""The doctor's questions about settings of the kernel, each with what its value means here."""

from __future__ import annotations

import os
from pathlib import Path

from twtui.errors import PermissionDeniedError
from twtui.kernel.doctor.check import Answer, no, yes

_SETTINGS = Path("/proc/sys/kernel")


def _value(settings: Path, name: str) -> int:
    """The value of a setting.

    Raises:
        OSError: It is not there, or may not be read.
        ValueError: It is no number.
    """
    return int((settings / name).read_text())


def perf_event_paranoid(settings: Path = _SETTINGS) -> Answer:
    """Whether samples may be refused to one who has CAP_PERFMON, as Debian's kernels do from 3 on."""
    level = _value(settings, "perf_event_paranoid")
    if level <= 2 or os.geteuid() == 0:
        return yes(f"{level}: samples are not refused")
    raise PermissionDeniedError(
        f"{level}: samples may be refused even with CAP_PERFMON",
        "sysctl kernel.perf_event_paranoid=2",
    )


def unprivileged_bpf_disabled(settings: Path = _SETTINGS) -> Answer:
    """Whether every user may load programs."""
    level = _value(settings, "unprivileged_bpf_disabled")
    if level:
        return yes(f"{level}: nobody loads programs without CAP_BPF")
    return no(
        "0: every user may load simple programs; twtui's take CAP_BPF all the same",
        "sysctl kernel.unprivileged_bpf_disabled=2",
    )


def kptr_restrict(settings: Path = _SETTINGS) -> Answer:
    """Whether the kernel shows the addresses of its functions to anybody (kernel/kallsyms.c)."""
    level = _value(settings, "kptr_restrict")
    if level < 2:
        return yes(f"{level}: root sees the addresses of the kernel's functions")
    return no(
        f"{level}: nobody sees the addresses of the kernel's functions, so that stacks have no names",
        "sysctl kernel.kptr_restrict=1",
    )


def bpf_stats_enabled(settings: Path = _SETTINGS) -> Answer:
    """Whether the kernel takes the time of every run of a program; both are fine."""
    if _value(settings, "bpf_stats_enabled"):
        return yes("1: the screen shows what the programs cost, and they cost a little more")
    return yes("0: programs run at full speed, and the screen does not show what they cost")
