"""Processes of this machine as possible targets: listed, looked up by PID, matched by name or user."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil

from twtui.errors import NoSuchTargetError, UsageError
from twtui.model.bounds import MOST_NAME, MOST_TEXT, text
from twtui.model.pattern import searcher
from twtui.model.plan import Target

KERNEL_THREAD = "kernel threads accept task work and never run it"
OURSELVES = "this is twtui itself"
ZOMBIE = "it has ended and only waits for its parent (zombie)"

_PF_KTHREAD = 0x00200000
_KERNEL_PROCESS = "twtui.kernel"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process at one moment. Names and command lines are hostile text: escape them to show them."""

    pid: int
    start_ticks: int
    """Field 22 of /proc/PID/stat, clock ticks since boot."""
    user: str
    threads: int
    cpu_percent: float
    """Share of one core since the reading before; 0 in the first."""
    state: str
    """One letter, as in /proc/PID/stat."""
    name: str
    command: str
    """The command line, or the name in brackets where there is none."""
    refusal: str = ""
    """Why it cannot be a target; empty when it can."""
    parent: int = 0
    """PID of its parent; 0 when it has none."""

    @property
    def target(self) -> Target:
        """The process as a plan names it."""
        return Target(self.pid, self.start_ticks, self.name)


class Machine(Protocol):
    """A machine whose processes are looked at; every method may raise TwtuiError."""

    def read(self) -> list[ProcessRow]:
        """Every process, by PID."""
        ...

    def find_target(self, pid: int) -> Target:
        """The process with this PID."""
        ...

    def leader_of(self, tid: int) -> int:
        """The process that a thread belongs to; 0 when it cannot be read."""
        ...

    def matching(self, name_regex: str = "", user: str = "") -> list[Target]:
        """Every possible target with such a name and user."""
        ...

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """What a process has mapped; None when it may not be seen."""
        ...


class _Stat(NamedTuple):
    """One reading of /proc/PID/stat: a single small file, where psutil reads several."""

    name: str
    state: str
    parent: int
    flags: int
    cpu_ticks: int
    threads: int
    start_ticks: int


def _read_stat(pid: int) -> _Stat | None:
    try:
        with Path(f"/proc/{pid}/stat").open("rb", buffering=0) as file:
            text = file.read()
    except OSError:
        return None
    # The name is in parentheses and may hold anything, parentheses and newlines included.
    end = text.rfind(b")")
    fields = text[end + 2 :].split()
    return _Stat(
        name=text[text.find(b"(") + 1 : end].decode("utf-8", "surrogateescape"),
        state=fields[0].decode("ascii", "replace"),
        parent=int(fields[1]),
        flags=int(fields[6]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
    )


def leader_of(pid: int) -> int:
    """The process that a thread belongs to; 0 when it cannot be read."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    found = re.search(rb"^Tgid:\s*(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def _refusal(pid: int, stat: _Stat, ours: frozenset[int]) -> str:
    if stat.flags & _PF_KTHREAD:
        return KERNEL_THREAD
    if pid in ours:
        return OURSELVES
    # of a process whose first thread alone has ended, the others go on
    return ZOMBIE if stat.state in "ZX" and stat.threads <= 1 else ""


def _our_processes(
    parents: Mapping[int, int], commands: Mapping[int, Sequence[str]]
) -> frozenset[int]:
    """This process, its kernel process, and what stands between the two (sudo)."""
    ours = {os.getpid()}
    for pid, command in commands.items():
        if not any(_KERNEL_PROCESS in word for word in command):
            continue
        chain: list[int] = []
        ancestor: int | None = pid
        while ancestor and ancestor not in ours and len(chain) < 16:
            chain.append(ancestor)
            ancestor = parents.get(ancestor)
        if ancestor in ours:
            ours.update(chain)
    return frozenset(ours)


class _Known(NamedTuple):
    """What does not change while a process keeps its PID and its name."""

    start_ticks: int
    name: str
    user: str
    command: tuple[str, ...]
    full_name: str


class ProcessReader:
    """Reads the process table again and again; what cannot have changed is not read twice."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._ticks: dict[int, int] = {}
        self._read_s = 0.0

    def read(self) -> list[ProcessRow]:
        """Every process, by PID. About 30 µs for each that is known, so call it in a thread.

        CPU shares are those since the reading before.
        """
        stats = {pid: stat for pid in psutil.pids() if (stat := _read_stat(pid)) is not None}
        known = {pid: self._look(pid, stat) for pid, stat in stats.items()}
        now_s = time.monotonic()
        elapsed_s, self._read_s = now_s - self._read_s, now_s
        same = {
            pid
            for pid, one in known.items()
            if pid in self._known and self._known[pid].start_ticks == one.start_ticks
        }
        ours = _our_processes(
            {pid: stat.parent for pid, stat in stats.items()},
            {pid: one.command for pid, one in known.items()},
        )
        rows = []
        for pid, stat in stats.items():
            one = known[pid]
            used = stat.cpu_ticks - self._ticks.get(pid, 0) if pid in same else 0
            rows.append(
                ProcessRow(
                    pid=pid,
                    start_ticks=stat.start_ticks,
                    user=one.user,
                    threads=stat.threads,
                    cpu_percent=max(used, 0) / _TICKS_A_SECOND / elapsed_s * 100,
                    state=stat.state,
                    name=one.full_name,
                    command=" ".join(one.command).strip() or f"[{one.full_name}]",
                    refusal=_refusal(pid, stat, ours),
                    parent=stat.parent,
                )
            )
        self._known = known
        self._ticks = {pid: stat.cpu_ticks for pid, stat in stats.items()}
        return rows

    def _look(self, pid: int, stat: _Stat) -> _Known:
        before = self._known.get(pid)
        # an exec gives the process another name in nearly every case
        if before and (before.start_ticks, before.name) == (stat.start_ticks, stat.name):
            return before
        user, command, full_name = "?", tuple[str, ...](), stat.name
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                user = process.username()
                if not stat.flags & _PF_KTHREAD:
                    # of two megabytes that it may have, a screen shows a line
                    command = tuple(" ".join(process.cmdline())[:MOST_TEXT].split(" "))
                    full_name = text(process.name(), MOST_NAME)
        except (psutil.Error, OSError):
            pass
        return _Known(stat.start_ticks, stat.name, user, command, full_name)


def list_processes() -> list[ProcessRow]:
    """Every process, by PID, read once."""
    return ProcessReader().read()


def _our_children() -> frozenset[int]:
    parents: dict[int, int] = {}
    commands: dict[int, list[str]] = {}
    try:
        children = psutil.Process().children(recursive=True)
    except psutil.Error:
        children = []
    for child in children:
        try:
            parents[child.pid], commands[child.pid] = child.ppid(), child.cmdline()
        except psutil.Error:
            continue
    return _our_processes(parents, commands)


def find_target(pid: int) -> Target:
    """The process with this PID, held by its start time.

    Raises:
        NoSuchTargetError: It does not exist or cannot be a target.
    """
    stat = _read_stat(pid) if pid > 0 else None
    if stat is None:
        raise NoSuchTargetError(
            f"no process has PID {pid}", "look it up with ps, or start twtui without -p to pick one"
        )
    leader = leader_of(pid)
    if leader not in (0, pid):
        raise NoSuchTargetError(
            f"{pid} is a thread, not a process",
            f"its process has PID {leader}: use -p {leader}, or -t {pid} for the thread alone",
        )
    refusal = _refusal(pid, stat, _our_children())
    if refusal:
        raise NoSuchTargetError(
            f"PID {pid} cannot be watched: {refusal}",
            "name another process with -p, or start twtui without -p to pick one",
        )
    try:
        name = text(psutil.Process(pid).name(), MOST_NAME)
    except psutil.Error:
        name = ""
    return Target(pid, stat.start_ticks, name)


def matching(name_regex: str = "", user: str = "") -> list[Target]:
    """Every process that can be a target, whose name contains the expression and that belongs to the user.

    Raises:
        UsageError: The expression is not a regular expression.
    """
    return matching_rows(list_processes, name_regex, user)


def matching_rows(
    read: Callable[[], Sequence[ProcessRow]], name_regex: str, user: str
) -> list[Target]:
    """As ``matching``, in any process table."""
    try:
        matches = searcher(name_regex)
    except re.error as error:
        raise UsageError(
            f"bad expression {name_regex!r}: {error}", "write a Python regular expression"
        ) from None
    return [
        row.target
        for row in read()
        if not row.refusal and matches(row.name) and (not user or row.user == user)
    ]
