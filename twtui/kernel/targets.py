"""Targets as /proc shows them: still the same process, which threads, in which state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from twtui.errors import NoSuchTargetError
from twtui.model.enums import TargetState
from twtui.model.plan import Target
from twtui.model.snapshot import TargetView

_KTHREAD = 0x00200000
"""PF_KTHREAD of include/linux/sched.h, in field 9 of /proc/PID/stat."""
_STATES = {
    "R": TargetState.RUNNING,
    "S": TargetState.SLEEPING,
    "D": TargetState.SLEEPING,
    "I": TargetState.SLEEPING,
    "T": TargetState.STOPPED,
    "t": TargetState.STOPPED,
}


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
        """A zombie runs nothing any more."""
        return self.state in "ZXx"


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


class TargetWatcher:
    """Follows the targets of one run."""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        """Check every target.

        Raises:
            NoSuchTargetError: As ``check_target``.
        """
        stats = [check_target(target) for target in targets]
        self._targets = [
            Target(target.pid, stat.start_ticks, stat.name)
            for target, stat in zip(targets, stats, strict=True)
        ]
        self._gone: set[int] = set()

    @property
    def alive(self) -> list[int]:
        """PIDs that had not ended when ``look`` was last called."""
        return [target.pid for target in self._targets if target.pid not in self._gone]

    def look(self) -> tuple[tuple[TargetView, ...], list[int]]:
        """Every target as it is now, and the PIDs that have ended since the last look."""
        views, ended = [], []
        for target in self._targets:
            stat = None if target.pid in self._gone else read_stat(target.pid)
            if stat is None or stat.has_ended or stat.start_ticks != target.start_ticks:
                views.append(TargetView(target.pid, target.name, 0, TargetState.EXITED))
                if target.pid not in self._gone:
                    self._gone.add(target.pid)
                    ended.append(target.pid)
                continue
            state = _STATES.get(stat.state, TargetState.SLEEPING)
            if state is TargetState.SLEEPING and stat.threads > 1 and _any_runs(target.pid):
                state = TargetState.RUNNING
            views.append(TargetView(target.pid, stat.name, stat.threads, state))
        return tuple(views), ended


def _any_runs(pid: int, most: int = 16) -> bool:
    """One of the first threads runs: the state in /proc/PID/stat is the main thread's alone."""
    for tid in thread_ids(pid)[:most]:
        stat = read_stat(tid)
        if stat and stat.state == "R":
            return True
    return False
