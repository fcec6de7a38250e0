"""The targets of one run as the kernel's map and /proc know them: children join, dead ones leave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from twtui.errors import NoSuchTargetError, TwtuiError
from twtui.kernel.names.symbols import symbol_address
from twtui.kernel.processes.process_symbols import image_layout
from twtui.kernel.processes.targets import (
    ProcessStat,
    any_thread_runs,
    check_target,
    memory_holder,
    read_stat,
    state_of,
)
from twtui.kernel.processes.targets import thread_ids as threads_of
from twtui.kernel.run.maps import SharedMaps, TargetFlag
from twtui.kernel.run.python_offsets import PythonsOfRun
from twtui.model.capture import PYTHON_RUNTIME, Read
from twtui.model.enums import TargetState
from twtui.model.plan import Plan, Target
from twtui.model.snapshot import TargetView

MAX_ENDED = 200
"""Ended children beyond that many are forgotten, oldest first; their events stay."""


class TargetSet:
    """Who is watched."""

    def __init__(self, plan: Plan, maps: SharedMaps, symbols: Sequence[str]) -> None:
        """Check every target and let its triggers through.

        Raises:
            NoSuchTargetError: As ``check_target``, or a picked thread has ended.
            UsageError: A symbol is not in a target.
        """
        self._maps = maps
        self._children = plan.children
        self._threads = frozenset(plan.threads)
        self._symbols = tuple(symbols)
        has_python = any(watch.capture.read is Read.PYTHON for watch in plan.watches)
        self._pythons = PythonsOfRun(maps) if has_python else None
        self._picked = [target.pid for target in plan.targets]
        self._known: dict[int, Target] = {}
        self._ended: dict[tuple[int, int], TargetView] = {}
        self._renamed: set[int] = set()
        self._images: dict[int, tuple[int, ...]] = {}
        self.notes: list[str] = []
        self._limited = self._pick_threads()
        for target in plan.targets:
            self._add(target.pid, check_target(target))

    def _pick_threads(self) -> frozenset[int]:
        """Processes of which only some threads are watched, also when these have ended."""
        limited = set()
        for tid in self._threads:
            stat = read_stat(tid)
            owner = next((pid for pid in self._picked if tid in threads_of(pid)), None)
            if stat is None or owner is None:
                raise NoSuchTargetError(
                    f"no target has a thread {tid}", "list the threads with: ps -eLf"
                )
            self._maps.add_thread(tid, stat.start_ticks)
            limited.add(owner)
        return frozenset(limited)

    def _flags(self, pid: int) -> TargetFlag:
        flags = TargetFlag.FOLLOW if self._children else TargetFlag.NONE
        if pid in self._limited:
            flags |= TargetFlag.ONLY_THREADS
        return flags

    def _add(self, pid: int, stat: ProcessStat) -> None:
        # first: what an exec makes wrong meanwhile, the next look finds again
        image = _image(pid)
        python = 0
        if self._pythons and PYTHON_RUNTIME in self._symbols:
            python = self._pythons.index_of(pid)
        addresses = [symbol_address(pid, name) for name in self._symbols]
        self._maps.set_target(pid, stat.start_ticks, self._flags(pid), addresses, python)
        self._known[pid] = Target(pid, stat.start_ticks, stat.name)
        self._images[pid] = image

    @property
    def alive(self) -> list[int]:
        """PIDs that had not ended at the last look."""
        return list(self._known)

    def thread_ids(self) -> list[int]:
        """The threads that are watched, as they are now."""
        return [
            tid
            for pid in self._known
            for tid in threads_of(pid)
            if pid not in self._limited or tid in self._threads
        ]

    def use_symbols(self, symbols: Sequence[str]) -> None:
        """Captures start from these symbols from now on.

        Raises:
            UsageError: One is not in a target; nothing has changed.
            OSError: The kernel refused; the symbols of before are back in place.
        """
        for pid in self._known:
            for name in symbols:
                symbol_address(pid, name)
        before, self._symbols = self._symbols, tuple(symbols)
        try:
            self._resolve_all()
        except OSError:
            self._symbols = before
            self._resolve_all()
            raise

    def _resolve_all(self) -> None:
        for pid in list(self._known):
            stat = read_stat(pid)
            # otherwise it has ended, and the next look notices
            if stat and stat.start_ticks == self._known[pid].start_ticks:
                self._add(pid, stat)

    def look(self) -> tuple[TargetView, ...]:
        """Every target as it is now. Those that ended are taken out of the kernel's map.

        Until then the kernel knows by its start time that a process with the same PID is another.
        """
        if self._children:
            self._adopt()
        views = []
        for pid, target in list(self._known.items()):
            stat = read_stat(pid)
            if stat is None or stat.has_ended or stat.start_ticks != target.start_ticks:
                self._end(target)
                continue
            self._follow_exec(pid, stat)
            state = state_of(stat)
            waits = state in (TargetState.SLEEPING, TargetState.BLOCKED)
            if waits and stat.threads > 1 and any_thread_runs(pid):
                state = TargetState.RUNNING
            views.append(TargetView(pid, stat.name, stat.threads, state))
        return (*views, *self._look_at_ended())

    def _look_at_ended(self) -> list[TargetView]:
        for (pid, start_ticks), view in self._ended.items():
            if view.state is TargetState.ZOMBIE:
                state = _state_of_ended(pid, start_ticks)
                self._ended[pid, start_ticks] = replace(view, state=state)
        return list(self._ended.values())

    def _adopt(self) -> None:
        """Take over the children that the kernel has added to the map by itself."""
        for pid in self._maps.target_pids():
            start_ticks = self._maps.target_start_ticks(pid)
            known = self._known.get(pid)
            if known and known.start_ticks == start_ticks:
                continue
            stat = read_stat(pid)
            if stat is None or stat.has_ended or stat.start_ticks != start_ticks:
                self._maps.remove_target(pid, start_ticks)
                continue
            if known:
                # a child of ours has the PID of one that has ended
                self._end(known)
            image = _image(pid)
            if self._symbols and image not in self._images.values():
                # another program since the fork: what the kernel copied from the parent is wrong
                self._renew(pid, stat)
            # only now: where the kernel refuses to renew, the next look tries again
            self._known[pid] = Target(pid, stat.start_ticks, stat.name)
            self._images[pid] = image

    def _renew(self, pid: int, stat: ProcessStat) -> str:
        """Resolve the symbols in what a process runs now; in words why they cannot be."""
        try:
            self._add(pid, stat)
        except TwtuiError as error:
            self._maps.set_target(pid, stat.start_ticks, self._flags(pid))
            return error.message
        return ""

    def _end(self, target: Target) -> None:
        pid, start_ticks = target.pid, target.start_ticks
        # first: where the kernel refuses, the next look tries again
        self._maps.remove_target(pid, start_ticks)
        del self._known[pid]
        self._images.pop(pid, None)
        self._renamed.discard(pid)
        state = _state_of_ended(pid, start_ticks)
        self._ended[pid, start_ticks] = TargetView(pid, target.name, 0, state)
        if pid in self._picked:
            self.notes.append(f"{target.name} {pid} has ended")
        while len(self._ended) > MAX_ENDED:
            self._ended.pop(next(other for other in self._ended if other[0] not in self._picked))

    def _follow_exec(self, pid: int, stat: ProcessStat) -> None:
        image = _image(pid)
        name = self._known[pid].name
        if image == self._images.get(pid) or not all(image):
            self._follow_name(pid, name, stat.name)
            return
        problem = self._renew(pid, stat)
        self._known[pid] = Target(pid, stat.start_ticks, stat.name)
        self._images[pid] = image
        self._renamed.discard(pid)
        self.notes.append(f"{name} {pid} has become {stat.name}")
        if problem:
            self.notes.append(f"{stat.name} {pid}: {problem}")

    def _follow_name(self, pid: int, before: str, name: str) -> None:
        # once: some programs show in their name what they are doing
        if name != before and pid not in self._renamed:
            self._renamed.add(pid)
            self.notes.append(f"{before} {pid} calls itself {name}")


def _state_of_ended(pid: int, start_ticks: int) -> TargetState:
    stat = read_stat(pid)
    if stat and stat.start_ticks == start_ticks and stat.has_ended:
        return TargetState.ZOMBIE
    return TargetState.EXITED


def _image(pid: int) -> tuple[int, ...]:
    """The program that a process runs, and where it was put; zeros when it cannot be seen."""
    try:
        found = os.stat(f"/proc/{memory_holder(pid)}/exe")  # noqa: PTH116 - a magic link, not a path
    except OSError:
        return 0, 0, 0, 0
    return found.st_dev, found.st_ino, *image_layout(pid)
