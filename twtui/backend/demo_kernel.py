"""The made-up kernel behind the demo: triggers fire, flights start late or never, everything is counted."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from twtui.backend.demo_data import Memory, content
from twtui.model.capture import Capture, Read
from twtui.model.enums import Defer, EventFlag, MapKind, Mode
from twtui.model.event import NOT_TRIED, Event
from twtui.model.histogram import Histogram, bucket_of
from twtui.model.ledger import COUNTER_NAMES, Counters, Row

EFAULT, ESRCH = -14, -3
_NOTHING = Memory(b"", 0, NOT_TRIED)
_REFUSALS = {
    MapKind.HASH: (("busy", "EBUSY", 0.001), ("no_slot", "E2BIG", 0.002)),
    MapKind.ARRAY: (("busy", "EBUSY", 0.008),),
    MapKind.LRU_HASH: (("rejected", "EPERM", 0.0005),),
}
"""What a schedule can be refused with, per map kind: counter, errno name, share."""


class Thread(NamedTuple):
    """A thread of the made-up target."""

    pid: int
    tid: int
    comm: bytes
    asleep: bool


class Firing(NamedTuple):
    """One run of a trigger; every map kind schedules on it."""

    at_ns: int
    thread: Thread
    capture: Capture
    capture_index: int
    reads_at_trigger: bool


class _Flight(NamedTuple):
    run_ns: int
    number: int
    row: Row
    event: Event
    fate: str
    """``completed``, ``cancelled`` or ``lost``."""


class DemoKernel:
    """Counts and emits. Given the same seed and the same calls, it does the same."""

    def __init__(self, seed: int, defer: Defer, max_bytes: int) -> None:
        self._random = Random(seed)
        self._defer = defer
        self._max_bytes = max_bytes
        self._flights: list[_Flight] = []
        self._number = 0
        self._counts: dict[Row, Counter[str]] = {}
        self._errors: dict[Row, Counter[str]] = {}
        self._latency: dict[Row, Counter[int]] = {}
        self._emitted: list[Event] = []

    @property
    def runs(self) -> int:
        """How often our made-up programs ran."""
        return sum(counts["fired"] + counts["completed"] for counts in self._counts.values())

    def take(self) -> list[Event]:
        """What was emitted since the last call, in order."""
        emitted, self._emitted = self._emitted, []
        return emitted

    def ledger(self) -> dict[Row, Counters]:
        """The counters as they are now."""
        return {
            row: Counters(
                **{name: counts[name] for name in COUNTER_NAMES},
                errors=MappingProxyType(dict(self._errors[row])),
            )
            for row, counts in self._counts.items()
        }

    def latency(self) -> dict[Row, Histogram]:
        """Schedule to callback, as it is now."""
        return {row: Histogram(dict(counts)) for row, counts in self._latency.items()}

    def fire(self, firing: Firing, kinds: Iterable[MapKind], mode: Mode) -> None:
        """A trigger runs: each map kind reads, claims and schedules, or counts why not."""
        random = self._random
        memory = (
            _NOTHING
            if firing.capture.read is Read.NONE
            else content(random, firing.capture, self._max_bytes)
        )
        cold = random.random() < 0.35
        unmapped = memory is not _NOTHING and random.random() < 0.01
        cpu = random.randrange(4)
        for kind in kinds:
            row = (kind, mode)
            counts = self._row(row)
            counts["fired"] += 1
            nofault = NOT_TRIED
            if memory is not _NOTHING and firing.reads_at_trigger:
                nofault = EFAULT if cold or unmapped else memory.result
            counts[_outcome("nofault_{}", nofault)] += 1
            event = Event(
                firing.at_ns, 0, random.randrange(0x7F00_0000_0000, 0x7FFF_FFFF_F000), nofault,
                NOT_TRIED, firing.thread.pid, firing.thread.tid, memory.wanted_bytes, cpu, 0, kind,
                mode, firing.capture_index, 0, firing.thread.comm, memory.data,
            )  # fmt: skip
            if self._defer is Defer.FAULT and nofault >= 0:
                counts["not_needed"] += 1
                self._emit(row, self._cut(row, event))
            elif not self._refused(row):
                self._schedule(row, event, EFAULT if unmapped else memory.result, firing.thread)

    def run_until(self, now_ns: int) -> None:
        """Start every callback that is due."""
        while self._flights and self._flights[0].run_ns <= now_ns:
            flight = heapq.heappop(self._flights)
            counts = self._row(flight.row)
            counts["pending"] -= 1
            counts[flight.fate] += 1
            if flight.fate == "completed":
                self._complete(flight.row, flight.event)

    def cancel_all(self) -> None:
        """The end of a run: whatever has not started never will."""
        for flight in self._flights:
            counts = self._row(flight.row)
            counts["pending"] -= 1
            counts["cancelled"] += 1
        self._flights.clear()

    def _row(self, row: Row) -> Counter[str]:
        if row not in self._counts:
            self._counts[row] = Counter()
            self._errors[row] = Counter()
            self._latency[row] = Counter()
        return self._counts[row]

    def _refused(self, row: Row) -> bool:
        draw = self._random.random()
        for name, error, share in _REFUSALS[row[0]]:
            if draw < share:
                self._counts[row][name] += 1
                self._errors[row][error] += 1
                return True
            draw -= share
        if draw < 0.01:
            self._counts[row]["retried"] += 1
        return False

    def _schedule(self, row: Row, event: Event, result: int, thread: Thread) -> None:
        random = self._random
        delay_ns = int(random.lognormvariate(9.4, 0.35)) + 1500
        if thread.asleep and row[1] is Mode.RESUME:
            delay_ns = int(random.expovariate(1 / 4e8)) + 100_000
        elif random.random() < 0.02:
            delay_ns = int(random.expovariate(1 / 4e6)) + 50_000
        if row[1] is Mode.SIGNAL:
            delay_ns += 1800
        draw = random.random()
        fate = "completed"
        if draw < 0.002:
            fate = "lost"
        elif row[0] is MapKind.LRU_HASH and draw < 0.006:
            fate = "cancelled"
        ran_ns = event.trigger_ns + delay_ns
        event = event._replace(
            ran_ns=ran_ns, ran_cpu=event.trigger_cpu, flags=int(EventFlag.DEFERRED)
        )
        if draw > 0.997 and result != NOT_TRIED:
            result = ESRCH
        self._counts[row]["scheduled"] += 1
        self._counts[row]["pending"] += 1
        self._number += 1
        flight = _Flight(ran_ns, self._number, row, event._replace(result=result), fate)
        heapq.heappush(self._flights, flight)

    def _complete(self, row: Row, event: Event) -> None:
        counts = self._counts[row]
        self._latency[row][bucket_of(event.ran_ns - event.trigger_ns)] += 1
        counts[_outcome("read_{}", event.result)] += 1
        if event.rescued:
            counts["rescued"] += 1
        if event.result in (EFAULT, ESRCH):
            self._errors[row]["EFAULT" if event.result == EFAULT else "ESRCH"] += 1
            flags = event.flags | (EventFlag.GONE if event.result == ESRCH else 0)
            if event.nofault >= 0:
                flags |= EventFlag.KEPT
            data = event.data if flags & EventFlag.KEPT else b""
            self._emit(row, event._replace(flags=int(flags), data=data, wanted_bytes=0))
        else:
            self._emit(row, self._cut(row, event))

    def _cut(self, row: Row, event: Event) -> Event:
        if event.wanted_bytes <= len(event.data):
            return event
        self._counts[row]["truncated"] += 1
        return event._replace(flags=event.flags | EventFlag.TRUNCATED)

    def _emit(self, row: Row, event: Event) -> None:
        self._counts[row]["emitted"] += 1
        self._emitted.append(event)


def _outcome(name: str, result: int) -> str:
    word = "none" if result == NOT_TRIED else "ok" if result >= 0 else "fault"
    return name.format(word)
