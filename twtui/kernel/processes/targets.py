"""Targets as /proc shows them: still the same process, which threads, in which state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from twtui.errors import NoSuchTargetError
from twtui.model.enums import TargetState
from twtui.model.plan import Target

_KTHREAD = 0x00200000
"""PF_KTHREAD of include/linux/sched.h, in field 9 of /proc/PID/stat."""
_STATES = {
    "R": TargetState.RUNNING,
    "S": TargetState.SLEEPING,
    "D": TargetState.BLOCKED,
    "I": TargetState.SLEEPING,
    "T": TargetState.STOPPED,
    "t": TargetState.TRACED,
}
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
"""The unit of a start time in /proc/PID/stat."""


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/PID/stat that matter here."""

    name: str
    state: str
    flags: int
    threads: int
    start_ticks: int

    @property
    def is_kernel_thread(self) -> bool:
        """It never returns to user space."""
        return bool(self.flags & _KTHREAD)

    @property
    def has_ended(self) -> bool:
        """A zombie runs nothing any more; one whose other threads go on is none."""
        return self.state in "ZXx" and self.threads <= 1


def read_stat(pid: int) -> ProcessStat | None:
    """What /proc says of a process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # the name may hold spaces and parentheses, so the last parenthesis ends it
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    return ProcessStat(
        name=head.partition("(")[2],
        state=fields[0],
        flags=int(fields[6]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
    )


def thread_ids(pid: int) -> list[int]:
    """The threads of a process; none when it is gone."""
    try:
        return [int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


def memory_holder(pid: int) -> int:
    """The thread through which /proc shows the memory and the files of a process.

    The first gives them up when it ends, and others may go on; /proc/TID is not listed, but there.
    """
    stat = read_stat(pid)
    if not stat or stat.state not in "ZXx" or stat.has_ended:
        return pid
    living = (tid for tid in thread_ids(pid) if (one := read_stat(tid)) and one.state not in "ZXx")
    return next(living, pid)


def check_target(target: Target) -> ProcessStat:
    """Refuse what cannot be a target.

    Raises:
        NoSuchTargetError: Dead, reused, a zombie, a kernel thread, or twtui itself.
    """
    stat = read_stat(target.pid)
    if stat is None or stat.has_ended:
        raise NoSuchTargetError(
            f"there is no process {target.pid}", "list processes with: twtui, or ps -e"
        )
    if target.start_ticks and stat.start_ticks != target.start_ticks:
        raise NoSuchTargetError(
            f"process {target.pid} has ended, and its PID is another process now", "pick it again"
        )
    if stat.is_kernel_thread:
        raise NoSuchTargetError(
            f"process {target.pid} ({stat.name}) is a kernel thread: it never runs task work",
            "pick a process with a user space",
        )
    if target.pid in (os.getpid(), os.getppid()):
        raise NoSuchTargetError("twtui does not watch itself", "pick another process")
    return stat


def state_of(stat: ProcessStat) -> TargetState:
    """The state of the main thread; ``stat`` of one that has not ended."""
    return _STATES.get(stat.state, TargetState.SLEEPING)


def any_thread_runs(pid: int, most: int = 16) -> bool:
    """One of the first threads runs: the state in /proc/PID/stat is the main thread's alone."""
    stats = (read_stat(tid) for tid in thread_ids(pid)[:most])
    return any(stat is not None and stat.state == "R" for stat in stats)
