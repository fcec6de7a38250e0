"""Processes of this machine as possible targets: listed, looked up by PID, matched by name or user."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import psutil

from twtui.errors import NoSuchTargetError, UsageError
from twtui.model.plan import Target

KERNEL_THREAD = "kernel threads accept task work and never run it"
OURSELVES = "this is twtui itself"
ZOMBIE = "it has ended and only waits for its parent (zombie)"

_PF_KTHREAD = 0x00200000
_KERNEL_PROCESS = "twtui.kernel"
_ATTRIBUTES = ["pid", "ppid", "name", "username", "num_threads", "cpu_percent", "cmdline"]


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

    @property
    def target(self) -> Target:
        """The process as a plan names it."""
        return Target(self.pid, self.start_ticks, self.name)


@dataclass(frozen=True, slots=True)
class _Stat:
    """What /proc/PID/stat says that psutil does not."""

    state: str
    flags: int
    start_ticks: int


def _read_stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name is in parentheses and may hold anything, parentheses and newlines included.
    fields = text[text.rfind(b")") + 2 :].split()
    return _Stat(fields[0].decode("ascii", "replace"), int(fields[6]), int(fields[19]))


def _leader(pid: int) -> int:
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
    return ZOMBIE if stat.state in "ZX" else ""


def _our_processes(parents: dict[int, int], commands: dict[int, list[str]]) -> frozenset[int]:
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


def list_processes() -> list[ProcessRow]:
    """Every process, by PID. About 0.2 ms each, so call it in a thread; CPU needs a second call."""
    found = []
    parents: dict[int, int] = {}
    commands: dict[int, list[str]] = {}
    for process in psutil.process_iter(_ATTRIBUTES):
        values = process.info
        stat = _read_stat(process.pid)
        if stat is not None:
            found.append((values, stat))
            parents[process.pid] = values["ppid"] or 0
            commands[process.pid] = values["cmdline"] or []
    ours = _our_processes(parents, commands)
    return [
        ProcessRow(
            pid=values["pid"],
            start_ticks=stat.start_ticks,
            user=values["username"] or "?",
            threads=values["num_threads"] or 0,
            cpu_percent=values["cpu_percent"] or 0.0,
            state=stat.state,
            name=values["name"] or "?",
            command=" ".join(values["cmdline"] or ()).strip() or f"[{values['name'] or '?'}]",
            refusal=_refusal(values["pid"], stat, ours),
        )
        for values, stat in found
    ]


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
    leader = _leader(pid)
    if leader not in (0, pid):
        raise NoSuchTargetError(
            f"{pid} is a thread, not a process", f"its process has PID {leader}: use -p {leader}"
        )
    refusal = _refusal(pid, stat, _our_children())
    if refusal:
        raise NoSuchTargetError(
            f"PID {pid} cannot be watched: {refusal}",
            "name another process with -p, or start twtui without -p to pick one",
        )
    try:
        name = psutil.Process(pid).name()
    except psutil.Error:
        name = ""
    return Target(pid, stat.start_ticks, name)


def matching(name_regex: str = "", user: str = "") -> list[Target]:
    """Every process that can be a target, whose name contains the expression and that belongs to the user.

    Raises:
        UsageError: The expression is not a regular expression.
    """
    try:
        pattern = re.compile(name_regex)
    except re.error as error:
        raise UsageError(
            f"bad expression {name_regex!r}: {error}", "write a Python regular expression"
        ) from None
    return [
        row.target
        for row in list_processes()
        if not row.refusal and pattern.search(row.name) and (not user or row.user == user)
    ]
