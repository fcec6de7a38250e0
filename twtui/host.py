"""The processes of a machine, through the kernel process that runs there: another, or this one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from twtui.backend.kept import KeptProcess
from twtui.errors import NoSuchTargetError, UsageError
from twtui.mapped_files import mapped_files
from twtui.model.plan import Target
from twtui.processes import (
    KERNEL_THREAD,
    OURSELVES,
    ZOMBIE,
    ProcessReader,
    ProcessRow,
    find_target,
    leader_of,
    matching_rows,
)
from twtui.wire.processes import ProcessFields

_TICKS_A_SECOND = 100
"""USER_HZ, the same on every architecture that has task work."""
_CUT_NAME = 15
"""Longest name in /proc/PID/stat."""


class Host:
    """Another machine's process table; lookups as in ``processes``, but over there.

    Args:
        name: As the person wrote it.
        kept: The kernel process there.
        clock: Seconds.
    """

    def __init__(
        self, name: str, kept: KeptProcess, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._kept = kept
        self._clock = clock
        self._ticks: dict[tuple[int, int], int] = {}
        self._read_s = 0.0

    def read(self) -> list[ProcessRow]:
        """Every process, by PID. CPU shares are those since the reading before.

        Raises:
            TwtuiError: The other machine does not answer.
        """
        found = self._kept.processes()
        ours = self._kept.connect().serving_pid
        now_s = self._clock()
        elapsed_s, self._read_s = now_s - self._read_s, now_s
        before, self._ticks = self._ticks, {}
        rows = []
        for one in found:
            key = one.pid, one.start_ticks
            self._ticks[key] = one.cpu_ticks
            used = max(one.cpu_ticks - before.get(key, one.cpu_ticks), 0)
            share = used / _TICKS_A_SECOND / elapsed_s * 100 if elapsed_s > 0 else 0.0
            rows.append(_row(one, share, one.pid == ours))
        return rows

    def find_target(self, pid: int) -> Target:
        """The process with this PID, held by its start time.

        Raises:
            NoSuchTargetError: It does not exist or cannot be a target.
            TwtuiError: The other machine does not answer.
        """
        row = next((row for row in self.read() if row.pid == pid), None)
        if row is None:
            raise NoSuchTargetError(
                f"no process on {self._name} has PID {pid}",
                f"look it up: ssh {self._name} ps -e, or start without -p to pick one",
            )
        if row.refusal:
            raise NoSuchTargetError(
                f"PID {pid} on {self._name} cannot be watched: {row.refusal}",
                "name another process with -p",
            )
        return row.target

    def leader_of(self, tid: int) -> int:
        """Not over there.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            f"-t {tid} names a thread of this machine, not of {self._name}",
            "name the process with -p",
        )

    def matching(self, name_regex: str = "", user: str = "") -> list[Target]:
        """See ``processes.matching``."""
        return matching_rows(self.read, name_regex, user)

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """See ``mapped_files.mapped_files``."""
        return self._kept.mapped_files(pid)


class ThisMachine:
    """Our own process table; files of others' processes as the kernel process sees them."""

    def __init__(self, kept: KeptProcess) -> None:
        self._kept = kept
        self._read = ProcessReader().read
        self.leader_of = leader_of
        self.find_target = find_target

    def read(self) -> list[ProcessRow]:
        """See ``processes.ProcessReader``; a kernel process that sudo has started is ours, too."""
        ours = self._kept.connect().serving_pid
        return [replace(row, refusal=OURSELVES) if row.pid == ours else row for row in self._read()]

    def matching(self, name_regex: str = "", user: str = "") -> list[Target]:
        """See ``processes.matching``."""
        return matching_rows(self.read, name_regex, user)

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """See ``mapped_files.mapped_files``."""
        found = mapped_files(pid)
        return self._kept.mapped_files(pid) if found is None else found


def _row(one: ProcessFields, cpu_percent: float, is_ours: bool) -> ProcessRow:
    refusal = KERNEL_THREAD if one.is_kernel_thread else OURSELVES if is_ours else ""
    if not refusal and one.state in "ZX" and one.threads <= 1:
        refusal = ZOMBIE
    name = one.name
    program = re.split("[ /]", one.command.partition(" ")[0])[-1]
    if len(name) == _CUT_NAME and program.startswith(name):
        name = program
    return ProcessRow(
        pid=one.pid,
        start_ticks=one.start_ticks,
        user=one.user,
        threads=one.threads,
        cpu_percent=cpu_percent,
        state=one.state,
        name=name,
        command=one.command or f"[{name}]",
        refusal=refusal,
        parent=one.parent,
    )
