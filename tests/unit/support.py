"""Builders and fakes that several tests share: events, plans, a clock, a scripted backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from twtui.errors import TwtuiError
from twtui.model.batch import Batch, Reading
from twtui.model.capture import parse_capture
from twtui.model.enums import EventFlag, MapKind, Mode
from twtui.model.event import Event
from twtui.model.histogram import Histogram, bucket_of
from twtui.model.ledger import Counters, Row
from twtui.model.plan import Command, Plan, Stop, Target, Watch
from twtui.model.snapshot import BackendInfo
from twtui.model.trigger import parse_trigger
from twtui.wire.layout import pack_record

SECOND = 1_000_000_000
MAX_POLLS = 1_000_000
"""Far more than any test needs; a thread on a fake clock makes many."""
HASH_RESUME: Row = (MapKind.HASH, Mode.RESUME)
LRU_SIGNAL: Row = (MapKind.LRU_HASH, Mode.SIGNAL)


def event(number: int = 0, row: Row = HASH_RESUME, **changes: object) -> Event:
    """An event that was rescued and says which one it is."""
    made = Event(
        trigger_ns=1000 + number,
        ran_ns=13_000 + number,
        address=0x7FFF_0000,
        nofault=-14,
        result=9,
        pid=4242,
        tid=4243,
        wanted_bytes=8,
        trigger_cpu=1,
        ran_cpu=2,
        map_kind=row[0],
        mode=row[1],
        capture=0,
        flags=int(EventFlag.DEFERRED),
        comm=b"worker",
        data=f"ev-{number:05}".encode(),
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def records(events: Iterable[Event]) -> bytes:
    return b"".join(map(pack_record, events))


def plan(trigger: str = "sample", capture: str = "str(arg2)", **changes: object) -> Plan:
    made = {
        "targets": (Target(4242, 1, "shop"),),
        "watches": (Watch(parse_trigger(trigger), parse_capture(capture)),),
        **changes,
    }
    return Plan(**made)  # type: ignore[arg-type]


def balanced(fired: int, **changes: int) -> Counters:
    """A row in which every equation holds: everything fired has completed, been read and taken."""
    made = Counters(
        fired=fired,
        scheduled=fired,
        completed=fired,
        read_ok=fired,
        nofault_ok=fired,
        emitted=fired,
        delivered=fired,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def reading(ledger: dict[Row, Counters] | None = None, **changes: object) -> Reading:
    return Reading(ledger=ledger or {}, latency={}, **changes)  # type: ignore[arg-type]


def histogram_of(values: Iterable[int]) -> Histogram:
    """The histogram of single values in ns."""
    return Histogram(dict(Counter(map(bucket_of, values))))


class FakeClock:
    """CLOCK_MONOTONIC that only moves when told."""

    def __init__(self, now_ns: int = 1000 * SECOND) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND)


class ScriptedBackend:
    """Plays batches, exceptions and calls in order, then empty batches; ends after Stop."""

    def __init__(
        self,
        script: Sequence[Batch | Exception | Callable[[], Batch]] = (),
        clock: FakeClock | None = None,
        refuse: Exception | None = None,
        open_error: Exception | None = None,
        obeys_stop: bool = True,
    ) -> None:
        self.script = list(script)
        self.clock = clock or FakeClock()
        self.refuse = refuse
        self.open_error = open_error
        self.obeys_stop = obeys_stop
        self.sent: list[Command] = []
        self.closed = 0
        self.polls = 0

    def open(self, _plan: Plan) -> BackendInfo:
        if self.open_error:
            raise self.open_error
        return BackendInfo("scripted")

    def poll(self, timeout_s: float) -> Batch:
        self.clock.advance(timeout_s)
        self.polls += 1
        if self.polls > MAX_POLLS:
            raise AssertionError("the run never ends")
        if self.closed:
            raise TwtuiError("closed")
        if Stop() in self.sent and self.obeys_stop:
            return Batch(self.clock(), reading=reading(quiet=True), end=True)
        if not self.script:
            return Batch(self.clock())
        item = self.script.pop(0)
        if isinstance(item, Exception):
            raise item
        return item if isinstance(item, Batch) else item()

    def send(self, command: Command) -> None:
        if self.refuse and not isinstance(command, Stop):
            raise self.refuse
        self.sent.append(command)

    def close(self) -> None:
        self.closed += 1
