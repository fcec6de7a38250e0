"""The record command: one run without a screen, its lines on standard output, its messages elsewhere."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from twtui import export
from twtui.backend.base import Backend
from twtui.engine import Engine
from twtui.model.batch import Batch
from twtui.model.enums import TargetState
from twtui.model.event import Event
from twtui.model.plan import Plan, Stop
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.output import LineWriter

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a recording ends by itself; 0 is never."""

    duration_ns: int = 0
    """Counted from attach."""
    count: int = 0
    """Events; exactly so many are written."""


class Recorder:
    """One run from attach to summary.

    Args:
        backend: Not open yet.
        plan: What to watch.
        writer: Takes the lines.
        limits: When to end.
        as_json: JSON Lines, else text.
        with_data: False leaves out what was read.
        argv: For the header.
        say: Takes messages, one line each.
        clock: CLOCK_MONOTONIC, ns.
    """

    def __init__(
        self,
        backend: Backend,
        plan: Plan,
        writer: LineWriter,
        *,
        limits: Limits = Limits(),
        as_json: bool = False,
        with_data: bool = True,
        argv: Sequence[str] = (),
        say: Say = lambda _: None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._limits = limits
        self._json = as_json
        self._with_data = with_data
        self._argv = argv
        self._say = say
        self._clock = clock
        self._engine = Engine(
            backend, plan, lambda _: None, observers=(self._observe,), clock=clock
        )
        self._info = BackendInfo("")
        self._captures: dict[int, tuple[str, str]] = {}
        self._written = 0
        self._all_ended = False
        self.interrupted = threading.Event()
        """Set it to end the run as if its time were over."""

    def run(self) -> Snapshot:
        """Watch until the end.

        Returns:
            The final snapshot, whose summary is written.

        Raises:
            TwtuiError: It could not start, or failed under way (then the summary is written too).
        """
        self._info = self._engine.open()
        deadline = self._clock() + self._limits.duration_ns if self._limits.duration_ns else 0
        self._begin()
        stopping = False
        while True:
            left_s = (deadline - self._clock()) / 1e9 if deadline and not stopping else 0.1
            if not self._engine.step(min(max(left_s, 0.0), 0.1)):
                break
            if not stopping and self._is_over(deadline):
                self._engine.submit(Stop())
                stopping = True
        self._engine.stop()
        final = self._engine.latest
        self._end(final)
        if self._engine.failure is not None:
            raise self._engine.failure
        return final

    def _is_over(self, deadline: int) -> bool:
        return (
            self.interrupted.is_set()
            or self._writer.failed
            or self._all_ended
            or bool(deadline and self._clock() >= deadline)
            or bool(self._limits.count and self._written >= self._limits.count)
        )

    def _begin(self) -> None:
        if self._json:
            self._writer.line(export.header(self._plan, self._info, self._argv))

    def _observe(self, batch: Batch, events: list[Event]) -> None:
        if batch.captures:
            self._captures = {**self._captures, **batch.captures}
        for note in batch.notes:
            self._say(note)
        if batch.reading and batch.reading.targets:
            states = {target.state for target in batch.reading.targets}
            self._all_ended = states == {TargetState.EXITED}
        if self._limits.count:
            events = events[: self._limits.count - self._written]
        self._written += len(events)
        self._writer.events(events, self._form())

    def _form(self) -> Callable[[Event], str]:
        if self._json:
            return partial(export.event, captures=self._captures, with_data=self._with_data)
        from twtui import plain

        return partial(
            plain.event_line, captures=self._captures, info=self._info, with_data=self._with_data
        )

    def _end(self, final: Snapshot) -> None:
        unwritten = self._writer.unwritten
        if self._json:
            self._writer.line(export.summary(final, unwritten))
        else:
            from twtui import plain

            for line in plain.summary_lines(final):
                self._writer.line(line)
        if unwritten:
            self._say(f"{unwritten:,} events were not written: standard output was read too slowly")
        for invariant in final.broken:
            self._say(f"the ledger does not balance: {invariant.detail}")


@contextlib.contextmanager
def ended_by_signals(interrupted: threading.Event) -> Iterator[None]:
    """Within it, the first SIGINT or SIGTERM sets the event and the second interrupts at once."""

    def on_signal(_number: int, _frame: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
