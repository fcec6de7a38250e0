"""A long run through backend, engine and recording, with everything that can change changing all the time."""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from kernel_harness import TargetProcess, kernel_objects, plan_for, surviving, wait_until

from twtui.backend.live import LiveBackend
from twtui.commands.recorded import final_snapshot
from twtui.engine import Engine
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.event import Event
from twtui.model.ledger import Counters
from twtui.model.plan import (
    MAX_WATCHES,
    Command,
    Plan,
    Probe,
    SetCapture,
    SetMapKinds,
    SetMode,
    Watch,
)
from twtui.model.snapshot import Snapshot
from twtui.model.trigger import parse_trigger
from twtui.recording import Recorder, Recording

TEXT = "the text of every process of the soak"
PERIOD_S = 0.25
"""A process is started that often."""
MOST_GROWTH_BYTES = 8 << 20
"""Python's allocator keeps some megabytes more or less; a leak of 20 bytes an event is above it in 10 minutes."""
MOST_BEHIND_S = 1.0
_END_S = 300.0
_HASH, _ARRAY, _LRU = MapKind
_KINDS = ((_HASH, _ARRAY), (_HASH,), (_HASH, _ARRAY, _LRU), (_HASH, _LRU))
"""Hash is never paused, so that it has an event for each call; on average two kinds are on."""


class Usage(NamedTuple):
    """What our two processes hold at one moment."""

    at_s: float
    """Since the target began."""
    behind_s: float
    """How old the newest batch is that the engine has taken."""
    user_rss_bytes: int
    kernel_rss_bytes: int
    user_descriptors: int
    kernel_descriptors: int


@dataclass
class Outcome:
    """What a soak came to."""

    calls: int
    """That the target made, as it says itself."""
    processes: int
    seconds: float
    events: int = 0
    served: int = 0
    """Events of calls in the hash map, which has to have one for each."""
    wrong: Counter[bytes] = field(default_factory=Counter)
    """What was read that is not there."""
    commands: Counter[str] = field(default_factory=Counter)
    usage: list[Usage] = field(default_factory=list)
    objects: dict[str, set[int]] = field(default_factory=dict)
    """BPF objects that the kernel process held."""
    left: dict[str, set[int]] = field(default_factory=dict)
    """Those of them that the kernel still has afterwards."""
    recorded: Counters | None = None
    """All rows at the end of the recording."""
    last: Snapshot | None = None
    notes: Counter[str] = field(default_factory=Counter)


def commands_of(address: int) -> Iterator[Command]:
    """One every tenth of a second, for ever: modes, captures, probes, pauses of map kinds."""
    captures = (f"str({address:#x})", f"bytes({address:#x}, 16)", f"u64({address:#x})", "none")
    modes, kinds, reads = cycle(Mode), cycle(_KINDS), cycle(map(parse_capture, captures))
    while True:
        yield SetMode(next(modes))
        yield SetMapKinds(next(kinds))
        yield SetCapture(0, next(reads))
        yield Probe()
        yield SetMapKinds(next(kinds))


class Soak:
    """One run; ``run`` does it all."""

    def __init__(self, program: Path, seconds: float, rate: int, recording: Path) -> None:
        """Start the target; it does nothing yet.

        Args:
            program: ``targets/soak.c``, compiled.
            seconds: How long the target is to make calls.
            rate: Events a second, over all map kinds.
            recording: The file to record to.
        """
        processes = max(round(seconds / PERIOD_S), 1)
        # two map kinds are on, on average
        calls = max(round(rate / 2 * PERIOD_S), 2)
        words = [str(processes), str(calls), str(round(PERIOD_S * 1000))]
        self._target = TargetProcess(program, words, TEXT)
        self._backend = LiveBackend()
        self._plan = self._make_plan()
        self._recorder = Recorder(self._plan)
        self._recording = recording
        self._recorder.start(recording, None)
        self._outcome = Outcome(0, processes, 0.0)
        self._wanted = {TEXT.encode(), TEXT.encode()[:16], TEXT.encode()[:8], b""}
        self._engine = Engine(
            self._backend, self._plan, self._see, observers=(self._recorder.observe, self._observe)
        )
        self._taken_ns = time.monotonic_ns()
        self._next_commands = commands_of(self._target.address)

    def _make_plan(self) -> Plan:
        capture = f"str({self._target.address:#x})"
        plan = plan_for(self._target, trigger="syscall:getppid:exit", capture=capture)
        probe = Watch(parse_trigger("probe"), parse_capture("bytes(sp, 8)"))
        return Plan(plan.targets, (*plan.watches, probe), plan.map_kinds, children=True)

    def _see(self, snapshot: Snapshot) -> None:
        self._outcome.last = snapshot

    def _observe(self, batch: Batch, events: Sequence[Event]) -> None:
        outcome = self._outcome
        outcome.notes.update(batch.notes)
        outcome.events += len(events)
        self._taken_ns = batch.at_ns
        for event in events:
            if event.capture % MAX_WATCHES == 0:
                outcome.served += event.map_kind is _HASH
                if event.data not in self._wanted:
                    outcome.wrong[event.data] += 1

    def run(self, told: Callable[[Usage, Snapshot | None], None] = lambda *_: None) -> Outcome:
        """Do it.

        Args:
            told: Gets what is held, once a second.
        """
        try:
            outcome = self._run(told)
        finally:
            self._engine.stop()
            self._recorder.stop()
            self._target.end()
        with suppress(AssertionError):
            wait_until(lambda: not surviving(outcome.objects))
        outcome.left = surviving(outcome.objects)
        with Recording(self._recording) as recording:
            outcome.recorded = final_snapshot(recording, 1).total
        return outcome

    def _run(self, told: Callable[[Usage, Snapshot | None], None]) -> Outcome:
        self._recorder.begin(self._engine.open())
        while not (self._outcome.last and self._outcome.last.state is RunState.LIVE):
            assert self._engine.step(), self._engine.failure
        outcome, began_s = self._outcome, time.monotonic()
        outcome.objects = kernel_objects(self._backend.kernel_pid)
        self._target.tell()
        next_command_s = next_usage_s = began_s
        while not self._target.has_spoken:
            assert self._engine.step(0.05), self._engine.failure
            now_s = time.monotonic()
            is_behind = time.monotonic_ns() - self._taken_ns > MOST_BEHIND_S * 1e9
            # commands wait until we have caught up, and the end of the run would wait for them
            if now_s >= next_command_s and not is_behind:
                next_command_s = now_s + 0.1
                command = next(self._next_commands)
                outcome.commands[type(command).__name__] += 1
                self._engine.submit(command)
            if now_s >= next_usage_s:
                next_usage_s = now_s + 1.0
                outcome.usage.append(self._usage(now_s - began_s))
                told(outcome.usage[-1], outcome.last)
        (said,) = self._target.wait_done()
        outcome.calls = int(said.removeprefix("calls "))
        outcome.seconds = time.monotonic() - began_s
        outcome.usage.append(self._usage(outcome.seconds))
        self._engine.stop(_END_S)
        return outcome

    def _usage(self, at_s: float) -> Usage:
        kernel = str(self._backend.kernel_pid)
        behind_s = (time.monotonic_ns() - self._taken_ns) / 1e9
        return Usage(
            at_s, behind_s, _rss_bytes("self"), _rss_bytes(kernel),
            _descriptors("self"), _descriptors(kernel),
        )  # fmt: skip


def _rss_bytes(process: str) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _descriptors(process: str) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


@dataclass(frozen=True)
class Growth:
    """What was held late against what was held early, both after a warm-up."""

    user_bytes: float
    kernel_bytes: float
    user_descriptors: int
    kernel_descriptors: int
    readings: int
    """Of which it comes, in the smaller part."""


def growth(usage: Sequence[Usage], warm_up: float = 0.2, share: float = 0.2) -> Growth:
    """How much more was held at the end than after the warm-up, both over a share of the run.

    Of memory it is the median, as single readings come and go with what is in flight; only where we
    kept up, as what waits for us is no growth. Of file descriptors it is the least: one that stays
    shows, one that is open for a moment does not.
    """
    end_s = usage[-1].at_s
    kept_up = [one for one in usage if one.behind_s < MOST_BEHIND_S]
    early = [one for one in kept_up if warm_up <= one.at_s / end_s <= warm_up + share]
    late = [one for one in kept_up if one.at_s / end_s >= 1 - share]
    if not early or not late:
        return Growth(0.0, 0.0, 0, 0, 0)

    def more(name: str) -> float:
        before, after = ([float(getattr(one, name)) for one in part] for part in (early, late))
        return statistics.median(after) - statistics.median(before)

    def least(name: str) -> int:
        before, after = ([int(getattr(one, name)) for one in part] for part in (early, late))
        return min(after) - min(before)

    return Growth(
        more("user_rss_bytes"), more("kernel_rss_bytes"),
        least("user_descriptors"), least("kernel_descriptors"), min(len(early), len(late)),
    )  # fmt: skip


def verdicts(outcome: Outcome) -> dict[str, bool]:
    """What has to hold at the end of a soak, in words, and whether it does."""
    grown, last = growth(outcome.usage), outcome.last
    assert last
    hash_rows = [row.counters for row in last.rows if row.row[0] is _HASH]
    not_served = sum(
        row.failed + row.cancelled + row.lost + row.dropped + row.missed for row in hash_rows
    )
    return {
        "the run ended and did not fail": last.state is RunState.ENDED,
        "every sum of the ledger holds": bool(last.invariants) and not last.broken,
        "nothing is pending": not last.total.pending and not last.total.running,
        "every event was seen once": outcome.events == last.total.delivered,
        "each call has its event in hash, or is counted as what it became instead": (
            0 <= outcome.calls - outcome.served <= not_served
        ),
        "nothing but the target's text was read": not outcome.wrong,
        "the recording ends with the same ledger": outcome.recorded == last.total,
        "we kept up often enough to judge memory": grown.readings >= 3,
        f"memory has grown by less than {MOST_GROWTH_BYTES >> 20} MB in either process": (
            max(grown.user_bytes, grown.kernel_bytes) < MOST_GROWTH_BYTES
        ),
        "no file descriptor was left open": (
            max(grown.user_descriptors, grown.kernel_descriptors) <= 0
        ),
        "the kernel holds nothing of ours": bool(outcome.objects) and not outcome.left,
    }
