"""One run in the kernel process: open a plan, deliver batches, obey commands, end with a settled ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twtui.errors import RefusedError, TwtuiError, UsageError
from twtui.kernel.names.stack_names import StackNames
from twtui.kernel.privileges import names_kernel_functions, require_privileges
from twtui.kernel.processes.targets import check_target
from twtui.kernel.refusal import refusal
from twtui.kernel.run.accounts import Accounts
from twtui.kernel.run.capture_program import pack_capture, plan_symbols
from twtui.kernel.run.captures import Captures
from twtui.kernel.run.ledger_reader import LedgerReader, SweepAction
from twtui.kernel.run.optional import attach_watches
from twtui.kernel.run.probing import ProbeRunner
from twtui.kernel.run.resources import KernelResources
from twtui.kernel.run.target_set import TargetSet
from twtui.model.batch import Batch, Reading
from twtui.model.capture import Capture
from twtui.model.enums import Mode
from twtui.model.plan import (
    Command,
    Plan,
    Probe,
    SetCapture,
    SetMapKinds,
    SetMode,
    Stop,
    with_mode,
)

READING_INTERVAL_S = 0.2
_READING_TRIES = 10
"""After so many failed readings in a row the run is ended."""


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
        self._new_names: dict[tuple[int, int], str] = {}
        self._mode_news = str(plan.mode)
        self._stopping = False
        self._ended = False
        self._failed_readings = 0
        self._broken: TwtuiError | None = None
        try:
            self._start()
        except OSError as error:
            self.close()
            raise refusal(error) from error
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        plan = self._plan
        for target in plan.targets:
            check_target(target)
        symbols = plan_symbols(plan)
        for watch in plan.watches:
            pack_capture(watch, symbols)
        require_privileges()
        self._resources = KernelResources(plan)
        self._closers.append(self._resources.close)
        self._maps, self._ring = self._resources.maps, self._resources.ring
        self._reader = LedgerReader(self._maps, self._resources.programs, plan.mode)
        self._reader.sweep_all(SweepAction.COUNT)
        self._captures = Captures(plan, self._resources)
        self._configure()
        if plan.children:
            self._resources.follow_children()
        if symbols:
            self._resources.forget_symbols_on_exec()
        self._targets = TargetSet(plan, self._maps, symbols)
        if self._resources.has_stacks:
            self._stack_names = StackNames()
            self._closers.append(self._stack_names.close)
            if not names_kernel_functions():
                self._notes.append(
                    "the kernel's functions have no names: that takes root and CAP_SYSLOG"
                )
            for pid in self._targets.alive:
                self._stack_names.remember(pid)
        self._accounts = Accounts(self._reader, self._targets, self._ring)
        self._probes = ProbeRunner(self._resources.programs, plan)
        if note := attach_watches(self._resources, plan, self._targets.alive):
            self._notes.append(note)
        self._next_reading_s = time.monotonic()
        self.info: dict[str, Any] = {
            "kernel": os.uname().release,
            "kfunc_variant": self._resources.kfunc_variant,
            "bcc": self._resources.bcc,
            "clock_offset_ns": time.time_ns() - time.monotonic_ns(),
        }

    def _configure(self) -> None:
        plan = self._plan
        self._maps.configure(plan.mode, plan.defer, self._captures.first, plan.map_kinds)

    @property
    def ended(self) -> bool:
        """The last batch has been delivered."""
        return self._ended

    def send(self, command: Command) -> None:
        """Carry out a command.

        Raises:
            UsageError: It is refused, and nothing has changed.
            RefusedError: The kernel refused it, and nothing has changed.
        """
        try:
            self._carry_out(command)
        except UsageError:
            raise
        except TwtuiError as error:
            raise RefusedError(error.message, error.hint, error.log) from None
        except OSError as error:
            refused = refusal(error)
            raise RefusedError(refused.message, refused.hint) from None

    def _carry_out(self, command: Command) -> None:
        match command:
            case SetMode(mode):
                self._set_mode(mode)
            case SetMapKinds(map_kinds):
                loaded = self._resources.programs
                if not map_kinds or not set(map_kinds) <= set(loaded):
                    raise UsageError(
                        f"only {', '.join(loaded)} can be switched in this run",
                        "start with --map all",
                    )
                self._plan = replace(self._plan, map_kinds=map_kinds)
                self._configure()
            case SetCapture(number, capture):
                self._set_capture(number, capture)
            case Probe():
                self._probe()
            case Stop():
                self._stopping = True

    def _set_mode(self, mode: Mode) -> None:
        plan = with_mode(self._plan, mode)
        self._reader.mode_changed(mode)
        self._plan = plan
        self._configure()
        self._mode_news = str(mode)

    def _set_capture(self, number: int, capture: Capture) -> None:
        self._plan = self._captures.change(self._plan, number, capture, self._targets)
        self._configure()

    def _probe(self) -> None:
        if note := self._probes.run(self._targets.thread_ids(), self._captures.first):
            self._notes.append(note)

    def poll(self) -> Batch:
        """What came since the last call; the last batch after a Stop.

        Raises:
            TwtuiError: The kernel has refused to tell the ledger again and again.
        """
        if broken := self._broken or self._captures.broken:
            raise broken
        if self._stopping:
            self._resources.attachments.close()
            # a frame cannot hold all that a large ring can
            return self._batch(self._take(), None) if self._ring.backlog_bytes else self._finish()
        if self._probes.is_due():
            self._probe()
        records = self._take()
        reading = None
        now = time.monotonic()
        if now >= self._next_reading_s:
            self._next_reading_s = now + READING_INTERVAL_S
            try:
                reading = self._accounts.read(SweepAction.REAP)
            except OSError as error:
                self._note_failed_reading(error)
            else:
                self._failed_readings = 0
        return self._batch(records, reading)

    def _note_failed_reading(self, error: OSError) -> None:
        if not self._failed_readings:
            self._notes.append(f"the ledger could not be read, it is tried again: {error.strerror}")
        self._failed_readings += 1
        if self._failed_readings == _READING_TRIES:
            self._broken = refusal(error)

    def _take(self) -> bytes:
        """Records, with the names of their stacks found while their processes may still live."""
        records = self._ring.take()
        if records and self._resources.has_stacks:
            self._new_names |= self._stack_names.new_names(records, self._captures.of_stacks)
        return records

    def _batch(self, records: bytes, reading: Reading | None, end: bool = False) -> Batch:
        captures = self._captures.take_news()
        names, self._new_names = self._new_names, {}
        notes = (*self._notes, *self._accounts.notes, *self._targets.notes)
        for noted in (self._notes, self._accounts.notes, self._targets.notes):
            noted.clear()
        mode, self._mode_news = self._mode_news, ""
        return Batch(time.monotonic_ns(), records, reading, captures, names, mode, notes, end)

    def _finish(self) -> Batch:
        """Cancel what has not started, wait until nothing moves, read everything."""
        records = [self._take()]
        reading = None
        try:
            quiet = self._accounts.settle(lambda: records.append(self._take()))
            reading = self._accounts.read(SweepAction.COUNT, quiet)
        except OSError as error:
            # what was taken is delivered all the same, and the next call tries again
            self._note_failed_reading(error)
        else:
            self._ended = True
        return self._batch(b"".join(records), reading, end=self._ended)

    def close(self) -> None:
        """Give everything back to the kernel. Idempotent."""
        while self._closers:
            self._closers.pop()()
