"""The record command: one run without a screen, its lines on standard output, its messages elsewhere."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from twtui.backend.base import Backend
from twtui.commands.output import LineWriter
from twtui.engine import Engine
from twtui.errors import TwtuiError
from twtui.export import json_lines
from twtui.harmless import harmless
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.plan import Plan, Stop
from twtui.model.redaction import Redaction
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.recording import Recorder

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a recording ends by itself; 0 is never."""

    duration_ns: int = 0
    """Counted from attach."""
    count: int = 0
    """Events; exactly so many are written."""


class RecordRun:
    """One run from attach to summary.

    Args:
        backend: Not open yet.
        plan: What to watch.
        writer: Takes the lines.
        limits: When to end.
        as_json: JSON Lines, else text.
        with_readings: A JSON line of all counters, too, once a second.
        with_events: False writes no line for an event, only what comes at the end.
        with_data: False leaves out what was read.
        redaction: Blots parts of what was read out of the lines.
        keep: Only events that it matches have a line.
        recorder: Started already, keeps a recording of the run.
        argv: For the header.
        say: Takes messages, one line each.
        watch: Sees the newest snapshot, a few times a second.
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
        with_readings: bool = False,
        with_events: bool = True,
        with_data: bool = True,
        redaction: Redaction | None = None,
        keep: Filter | None = None,
        recorder: Recorder | None = None,
        argv: Sequence[str] = (),
        say: Say = lambda _: None,
        watch: Callable[[Snapshot], None] = lambda _: None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._plan = plan
        self._writer = writer
        self._limits = limits
        self._json = as_json
        readings = json_lines.ReadingLines(str(plan.mode))
        self._readings = readings if with_readings and as_json else None
        self._with_events = with_events
        self._with_data = with_data
        self._redaction = redaction
        self._keep = keep
        self._recorder = recorder
        self._argv = argv
        self._say = say
        self._clock = clock
        self._engine = Engine(backend, plan, watch, observers=(self._observe,), clock=clock)
        self._info = BackendInfo("")
        self._captures: dict[int, tuple[str, str]] = {}
        self._names: Mapping[tuple[int, int], str] = {}
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
        try:
            self._info = self._engine.open()
        except BaseException:
            if self._recorder:
                self._recorder.discard()
            raise
        try:
            return self._run()
        finally:
            if self._recorder:
                self._recorder.stop()

    def _run(self) -> Snapshot:
        if self._recorder:
            self._recorder.begin(self._info)
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
        recording = self._recorder.state if self._recorder else None
        if recording and recording.error:
            raise TwtuiError(recording.error, recording.hint)
        return final

    def _is_over(self, deadline: int) -> bool:
        return (
            self.interrupted.is_set()
            or self._writer.failed
            or self._all_ended
            or self._recording_ended()
            or bool(deadline and self._clock() >= deadline)
            or bool(self._limits.count and self._written >= self._limits.count)
        )

    def _recording_ended(self) -> bool:
        state = self._recorder.state if self._recorder else None
        return state is not None and not state.active

    def _begin(self) -> None:
        if self._json:
            self._writer.line(json_lines.header(self._plan, self._info, self._argv))

    def _observe(self, batch: Batch, events: Sequence[Event]) -> None:
        if self._recorder:
            self._recorder.observe(batch, events)
        if batch.captures:
            self._captures = {**self._captures, **batch.captures}
        self._names = fold.with_names(self._names, batch.names)
        for note in batch.notes:
            # it may hold the name of a process, and that anything
            self._say(harmless(note))
        if batch.reading and batch.reading.targets:
            self._all_ended = all(view.state.has_ended for view in batch.reading.targets)
        if self._keep:
            matches, known, names = self._keep.matches, self._captures, self._names
            events = [e for e in events if matches(e, *known.get(e.capture, ("", "none")), names)]
        if self._limits.count:
            events = events[: self._limits.count - self._written]
        self._written += len(events)
        if self._with_events:
            lines: Sequence[Event] = events
            if self._redaction and self._with_data:
                lines = self._redaction.of(events, self._captures)
            self._writer.events(lines, self._form())
        if self._readings and (line := self._readings.of(batch)):
            self._writer.line(line)

    def _form(self) -> Callable[[Event], str]:
        if self._json:
            return partial(
                json_lines.event,
                captures=self._captures,
                with_data=self._with_data,
                names=self._names,
            )
        from twtui.commands import plain

        return partial(
            plain.event_line,
            captures=self._captures,
            info=self._info,
            with_data=self._with_data,
            names=self._names,
        )

    def _end(self, final: Snapshot) -> None:
        unwritten = self._writer.unwritten
        if self._readings and (line := self._readings.rest()):
            self._writer.line(line)
        if self._json:
            self._writer.line(json_lines.summary(final, unwritten))
        else:
            from twtui.commands import plain

            for line in plain.summary_lines(final):
                self._writer.line(line)
        if unwritten:
            self._say(f"{unwritten:,} events were not written: standard output was read too slowly")
        for invariant in final.broken:
            self._say(f"the ledger does not balance: {invariant.detail}")
        recording = self._recorder.state if self._recorder else None
        if recording and recording.ended == "max-size":
            self._say(f"{recording.path} has reached --max-size, so the run was ended")


@contextlib.contextmanager
def ended_by_signals(interrupted: threading.Event) -> Iterator[None]:
    """Within it, the first signal that asks us to end sets the event, and the second interrupts at once."""

    def on_signal(_number: int, _frame: object) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup leaves it
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
