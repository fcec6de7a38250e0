"""Names the addresses of stacks, off the hot path: functions, modules and build ids."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twtui.errors import TwtuiError
from twtui.kernel.compiling.compiler import import_bcc
from twtui.kernel.names.file_symbols import FileCache, KnownFile
from twtui.kernel.names.perf_map import PerfMap
from twtui.kernel.names.vdso import NAME as VDSO
from twtui.kernel.names.vdso import vdso_function
from twtui.kernel.processes.mappings import Module, ProcessMappings, read_mappings
from twtui.kernel.processes.targets import memory_holder, read_stat

_KERNEL = 1 << 63
_MOST_PROCESSES = 64
_MOST_FRAMES = 1 << 14
"""Of one process."""
_MOST_SNAPSHOTS = 4
"""Mappings of before an exec or a dlclose, for addresses that come late."""
_REFRESH_S = 0.2
"""Unknown addresses make the mappings be read again, but not more often."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One address of a stack. ``str()`` is how it is shown."""

    address: int
    function: str = ""
    """Demangled; empty when there is no name."""
    offset_bytes: int = 0
    """From the start of the function; without one, the address as in the module's file."""
    module: str = ""
    """Base name of the file, ``[vdso]``, or ``kernel``; empty when no file is mapped there."""
    build_id: str = ""
    """Of the module's file, hexadecimal."""

    def __str__(self) -> str:
        if self.function:
            place = f"{self.function}+{self.offset_bytes:#x}"
            return f"{place} ({self.module})" if self.module else place
        if self.module:
            return f"{self.address:#x} ({self.module}+{self.offset_bytes:#x})"
        return f"{self.address:#x}"


class _KernelSymbols:
    """BCC's symbols of the kernel.

    Of processes it is never asked: it would open whatever a process has put where its map of
    run-time code is looked for, a pipe too, and wait there, and take its names as they are.
    """

    def __init__(self) -> None:
        bcc = import_bcc()
        self._lib = bcc.lib
        self._cache = bcc.SymbolCache(-1)

    def resolve(self, address: int) -> tuple[str, int, str] | None:
        """Function, offset and module."""
        name, offset, module = self._cache.resolve(address, False)
        if not name:
            return None
        text = (module or b"").decode(errors="replace")
        return name.decode(errors="replace"), offset, text

    def close(self) -> None:
        self._lib.bcc_free_symcache(self._cache.cache, -1)


@dataclass
class _Snapshot:
    """The mappings of a process at one moment."""

    mappings: ProcessMappings
    taken_s: float
    executable: tuple[int, int]
    """Device and inode."""
    files: dict[Module, Any] = field(default_factory=dict)
    """What the file cache knows them by; None: out of reach."""


@dataclass
class _Process:
    pid: int
    start_ticks: int
    snapshots: deque[_Snapshot] = field(default_factory=lambda: deque(maxlen=_MOST_SNAPSHOTS))
    """The newest first."""
    frames: dict[int, Frame] = field(default_factory=dict)
    perf_map: PerfMap | None = None
    looked_s: float = 0.0
    """At the perf map; on the monotonic clock."""
    refreshed_s: float = 0.0
    """On the monotonic clock."""

    def is_alive(self) -> bool:
        stat = read_stat(self.pid)
        return bool(stat and not stat.has_ended and stat.start_ticks == self.start_ticks)

    def executable(self) -> tuple[int, int]:
        try:
            status = Path(f"/proc/{memory_holder(self.pid)}/exe").stat()
        except OSError:
            return 0, 0
        return status.st_dev, status.st_ino

    def refresh(self) -> None:
        """Read the mappings of a live process anew; what has not changed stays."""
        self.refreshed_s = time.monotonic()
        executable = self.executable()
        try:
            mappings = read_mappings(self.pid)
        except TwtuiError:
            return
        if not mappings.mappings:
            return
        if self.snapshots and self.snapshots[0].mappings == mappings:
            return
        before = self.snapshots[0].executable if self.snapshots else executable
        self.snapshots.appendleft(_Snapshot(mappings, time.time(), executable))
        self.frames.clear()
        if executable != before:
            self.perf_map = None

    def function_made(self, address: int) -> tuple[str, int] | None:
        """A function that a live process has made while it runs, and the bytes from its start."""
        known = self.perf_map = self.perf_map or PerfMap(self.pid)
        found = known.function_at(address)
        now = time.monotonic()
        if found is None and now >= self.looked_s + _REFRESH_S:
            self.looked_s = now
            known.refresh()
            found = known.function_at(address)
        return found


class Symbolizer:
    """Symbols of the processes and the kernel, in bounded caches."""

    def __init__(self) -> None:
        self._processes: OrderedDict[int, _Process] = OrderedDict()
        self._files = FileCache()
        self._kernel: _KernelSymbols | None = None
        self._kernel_frames: dict[int, Frame] = {}

    def remember(self, pid: int) -> None:
        """Look at a process while it lives, so that its addresses can be named after its death.

        The first look also says which process is meant when the PID is used again.
        """
        self._process(pid)

    def resolve(self, pid: int, addresses: Iterable[int]) -> dict[int, Frame]:
        """Name addresses of a process, and of the kernel where they are the kernel's.

        Args:
            pid: The process, live or dead.
            addresses: As they are: the caller takes 1 from a return address to name its call.

        Returns:
            A frame for every address; one without a name where there is none.
        """
        process = self._process(pid)
        alive = process is not None and process.is_alive()
        if process and alive and process.executable() != process.snapshots[0].executable:
            process.refresh()
        frames = {}
        for address in addresses:
            if address & _KERNEL:
                frames[address] = self._kernel_frame(address)
            elif process:
                frames[address] = self._frame(process, address, alive)
            else:
                frames[address] = Frame(address)
        return frames

    def forget(self, pid: int) -> None:
        """Let go of a process."""
        self._processes.pop(pid, None)

    def close(self) -> None:
        """Let go of everything. Idempotent."""
        for pid in list(self._processes):
            self.forget(pid)
        if self._kernel:
            self._kernel.close()
            self._kernel = None
        self._files.close()

    def _process(self, pid: int) -> _Process | None:
        if pid not in self._processes:
            stat = read_stat(pid)
            process = _Process(pid, stat.start_ticks if stat else 0)
            process.refresh()
            if not process.snapshots:
                return None
            self._processes[pid] = process
            while len(self._processes) > _MOST_PROCESSES:
                self.forget(next(iter(self._processes)))
        self._processes.move_to_end(pid)
        return self._processes[pid]

    def _frame(self, process: _Process, address: int, alive: bool) -> Frame:
        if address in process.frames:
            return process.frames[address]
        mapped = process.snapshots[0].mappings.at(address)
        due = time.monotonic() >= process.refreshed_s + _REFRESH_S
        if alive and due and not (mapped and mapped.is_executable):
            process.refresh()
        frame = self._make_frame(process, address, alive)
        if frame.function or not alive:
            if len(process.frames) >= _MOST_FRAMES:
                process.frames.clear()
            process.frames[address] = frame
        return frame

    def _make_frame(self, process: _Process, address: int, alive: bool) -> Frame:
        for snapshot in process.snapshots:
            mapping = snapshot.mappings.at(address)
            if mapping and mapping.is_executable:
                break
        else:
            # not code that we have seen: data, a guess of a stack walk, or gone
            return Frame(address)
        module = snapshot.mappings.module_of(mapping)
        known = self._known_file(process, snapshot, module) if module else None
        name = module.name if module else mapping.path
        build_id = known.build_id if known else ""
        inside = known.address(mapping, address) if known else None
        if known and inside is not None and (function := known.function_at(inside)):
            return Frame(address, *function, name, build_id)
        current = alive and snapshot is process.snapshots[0]
        if name == VDSO and (found := vdso_function(mapping, address)):
            return Frame(address, *found, name)
        if current and (found := process.function_made(address)):
            return Frame(address, *found, name, build_id)
        if inside is None:
            inside = address - mapping.start + mapping.offset
        return Frame(address, "", inside, name, build_id)

    def _known_file(
        self, process: _Process, snapshot: _Snapshot, module: Module
    ) -> KnownFile | None:
        if module not in snapshot.files:
            snapshot.files[module] = self._files.open(process.pid, module, snapshot.taken_s)
        identity = snapshot.files[module]
        return self._files.get(identity) if identity else None

    def _kernel_frame(self, address: int) -> Frame:
        if address not in self._kernel_frames:
            found = None
            try:
                self._kernel = self._kernel or _KernelSymbols()
                found = self._kernel.resolve(address)
            except TwtuiError:
                pass
            if len(self._kernel_frames) >= _MOST_FRAMES:
                self._kernel_frames.clear()
            self._kernel_frames[address] = (
                Frame(address, found[0], found[1], found[2] or "kernel")
                if found
                else Frame(address)
            )
        return self._kernel_frames[address]
