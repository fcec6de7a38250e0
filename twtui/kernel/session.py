"""One run in the kernel process: open a plan, deliver batches, obey commands, end with a settled ledger."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twtui.errors import TwtuiError, UsageError
from twtui.kernel.btf import find_kfuncs, kernel_btf
from twtui.kernel.capture_program import pack_capture
from twtui.kernel.compiler import import_bcc
from twtui.kernel.ledger_reader import LedgerReader, SweepAction
from twtui.kernel.maps import SharedMaps
from twtui.kernel.privileges import require_privileges
from twtui.kernel.probing import ProbeRunner
from twtui.kernel.program import TRIGGER, Programs, compile_modules
from twtui.kernel.ringbuf import RingBuffer
from twtui.kernel.targets import TargetWatcher
from twtui.kernel.triggers import Attachments, program_type
from twtui.model.batch import Batch, Reading
from twtui.model.enums import Mode
from twtui.model.plan import (
    MAX_WATCHES,
    Command,
    Plan,
    Probe,
    SetCapture,
    SetMapKinds,
    SetMode,
    Stop,
    Watch,
    with_mode,
)
from twtui.model.trigger import TriggerKind

READING_INTERVAL_S = 0.2
_GENERATIONS = 8
"""Captures of that many changes are known at once; a flight older than that reads with a newer one."""
_SETTLE_TRIES = 40
_SETTLE_PAUSE_S = 0.025


class Session:
    """A running plan. Everything it holds in the kernel ends with it."""

    def __init__(self, plan: Plan) -> None:
        """Compile, load and attach.

        Raises:
            TwtuiError: Nothing was attached, or all of it was detached again.
        """
        self._plan = plan
        self._closers: list[Callable[[], None]] = []
        self._notes: list[str] = []
        self._new_captures: dict[int, tuple[str, str]] = {}
        self._generation = 0
        self._mode_news = str(plan.mode)
        self._stopping = False
        self._ended = False
        try:
            self._start()
        except OSError as error:
            self.close()
            raise TwtuiError(f"the kernel refused: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        plan = self._plan
        self._targets = TargetWatcher(plan.targets)
        require_privileges()
        for watch in plan.watches:
            pack_capture(watch)
            if watch.trigger.kind is not TriggerKind.PROBE:
                program_type(watch.trigger)
        btf = kernel_btf()
        kfuncs = find_kfuncs(btf)
        modules = compile_modules(btf, plan.map_kinds, plan.slots, plan.max_bytes)
        first = modules[plan.map_kinds[0]]
        self._maps = SharedMaps(first, plan.buffer_bytes, plan.max_bytes, plan.slots)
        self._closers.append(self._maps.close)
        self._programs = {}
        for kind, module in modules.items():
            self._programs[kind] = Programs(module, kfuncs, self._maps.fds)
            self._closers.append(self._programs[kind].close)
        self._ring = RingBuffer(self._maps.fds["events"], plan.buffer_bytes)
        self._closers.append(self._ring.close)
        self._reader = LedgerReader(self._maps, self._programs, plan.mode)
        self._reader.sweep_all(SweepAction.COUNT)
        self._probes = ProbeRunner(self._programs, plan)
        self._store_captures()
        self._configure()
        for pid in self._targets.alive:
            self._maps.add_target(pid)
        self._attachments = Attachments()
        self._closers.append(self._attachments.close)
        for number, watch in enumerate(plan.watches):
            if watch.trigger.kind is TriggerKind.PROBE:
                continue
            for programs in self._programs.values():
                fd = programs.load(TRIGGER, program_type(watch.trigger))
                self._attachments.attach(watch.trigger, fd, number)
        self._next_reading_s = time.monotonic()
        self.info: dict[str, Any] = {
            "kernel": os.uname().release,
            "kfunc_variant": kfuncs.variant,
            "bcc": str(getattr(import_bcc(), "__version__", "unknown")),
            "clock_offset_ns": time.time_ns() - time.monotonic_ns(),
        }

    @property
    def _first_capture(self) -> int:
        return self._generation % _GENERATIONS * MAX_WATCHES

    def _store_captures(self) -> None:
        for number, watch in enumerate(self._plan.watches):
            index = self._first_capture + number
            self._maps.set_capture(index, pack_capture(watch))
            self._new_captures[index] = (str(watch.trigger), str(watch.capture))

    def _configure(self) -> None:
        plan = self._plan
        self._maps.configure(plan.mode, plan.defer, self._first_capture, plan.map_kinds)

    @property
    def ended(self) -> bool:
        """The last batch has been delivered."""
        return self._ended

    def send(self, command: Command) -> None:
        """Carry out a command.

        Raises:
            UsageError: It is refused, and nothing has changed.
        """
        match command:
            case SetMode(mode):
                self._set_mode(mode)
            case SetMapKinds(map_kinds):
                if not map_kinds or not set(map_kinds) <= set(self._programs):
                    raise UsageError(
                        f"only {', '.join(self._programs)} can be switched in this run",
                        "start with --map all",
                    )
                self._plan = replace(self._plan, map_kinds=map_kinds)
                self._configure()
            case SetCapture(number, capture):
                self._set_capture(number, Watch(self._plan.watches[number].trigger, capture))
            case Probe():
                note = self._probes.run(self._targets.alive, self._first_capture)
                if note:
                    self._notes.append(note)
            case Stop():
                self._stopping = True

    def _set_mode(self, mode: Mode) -> None:
        self._plan = with_mode(self._plan, mode)
        self._reader.mode_changed(mode)
        self._configure()
        self._mode_news = str(mode)

    def _set_capture(self, number: int, watch: Watch) -> None:
        pack_capture(watch)
        watches = list(self._plan.watches)
        watches[number] = watch
        self._plan = replace(self._plan, watches=tuple(watches)).check()
        self._generation += 1
        self._store_captures()
        self._configure()

    def poll(self) -> Batch:
        """What came since the last call; the last batch after a Stop."""
        if self._stopping:
            return self._finish()
        if self._probes.is_due() and (
            note := self._probes.run(self._targets.alive, self._first_capture)
        ):
            self._notes.append(note)
        records = self._ring.take()
        reading = None
        now = time.monotonic()
        if now >= self._next_reading_s:
            self._next_reading_s = now + READING_INTERVAL_S
            reading = self._read(SweepAction.REAP, quiet=False)
        return self._batch(records, reading)

    def _batch(self, records: bytes, reading: Reading | None, end: bool = False) -> Batch:
        captures, self._new_captures = self._new_captures, {}
        notes, self._notes = tuple(self._notes), []
        mode, self._mode_news = self._mode_news, ""
        return Batch(time.monotonic_ns(), records, reading, captures, mode, notes, end)

    def _read(self, action: SweepAction, quiet: bool) -> Reading:
        views, ended = self._targets.look()
        for pid in ended:
            self._maps.remove_target(pid)
        flights = self._reader.sweep_all(action)
        run_ns, runs = self._reader.run_time()
        return Reading(
            ledger=self._reader.ledger(flights),
            latency=self._reader.latency(),
            targets=views,
            quiet=quiet,
            backlog_bytes=self._ring.backlog_bytes,
            cpu_ns=time.process_time_ns(),
            rss_bytes=_resident_bytes(),
            bpf_run_ns=run_ns,
            bpf_runs=runs,
        )

    def _finish(self) -> Batch:
        """Detach, cancel what has not started, wait until nothing moves, read everything."""
        self._attachments.close()
        records = [self._ring.take()]
        time.sleep(_SETTLE_PAUSE_S)
        self._reader.sweep_all(SweepAction.CANCEL)
        before = self._reader.counters()
        quiet = False
        for _ in range(_SETTLE_TRIES):
            time.sleep(_SETTLE_PAUSE_S)
            records.append(self._ring.take())
            flights = self._reader.sweep_all(SweepAction.CANCEL)
            after = self._reader.counters()
            running = any(found.any_running for found in flights.values())
            quiet = not running and after == before and not self._ring.backlog_bytes
            if quiet:
                break
            before = after
        records.append(self._ring.take())
        if not quiet:
            self._notes.append("the ledger did not settle: a callback is still running")
        self._ended = True
        return self._batch(b"".join(records), self._read(SweepAction.COUNT, quiet), end=True)

    def close(self) -> None:
        """Give everything back to the kernel. Idempotent."""
        while self._closers:
            self._closers.pop()()


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
