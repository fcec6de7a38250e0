"""What every backend promises to the engine, whatever its batches come from.

A backend joins by a ``Subject`` in ``SUBJECTS``; the live one does so in tests/kernel.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from twtui.backend.base import Backend
from twtui.backend.demo import DemoBackend
from twtui.backend.replay import ReplayBackend
from twtui.errors import TwtuiError, UsageError
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind, Mode
from twtui.model.ledger import COUNTER_NAMES
from twtui.model.plan import Plan, Probe, SetCapture, SetMapKinds, SetMode, Stop
from twtui.wire.batches import pack_batch, unpack_batch
from twtui.wire.layout import iter_events

from .recordings import recorded_demo
from .support import FakeClock, plan


@dataclass(frozen=True)
class Subject:
    """A backend under test."""

    make: Callable[[], Backend]
    plan: Plan
    advance: Callable[[], None]
    """Let something happen on a target before the next poll."""


def demo(_directory: Path) -> Subject:
    clock = FakeClock()
    return Subject(lambda: DemoBackend(clock=clock), plan(), lambda: clock.advance(0.05))


def replay(directory: Path) -> Subject:
    path = recorded_demo(directory / "run.twtui", seconds=10)
    clock = FakeClock()
    return Subject(lambda: ReplayBackend(path, clock=clock), plan(), lambda: clock.advance(0.05))


SUBJECTS = {"demo": demo, "replay": replay}
MAX_POLLS = 400


@pytest.fixture(params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    return SUBJECTS[request.param](tmp_path)


steered = pytest.mark.parametrize("subject", ["demo"], indirect=True)
"""A recording cannot be changed any more."""


@pytest.fixture
def backend(subject: Subject) -> Iterator[Backend]:
    made = subject.make()
    yield made
    made.close()


class Watched:
    """A run of the backend, folded as the engine would."""

    def __init__(self, subject: Subject, backend: Backend) -> None:
        self.subject, self.backend = subject, backend
        self.state = fold.opened(fold.starting(subject.plan), backend.open(subject.plan))
        self.batches: list[Batch] = []

    def poll(self) -> Batch:
        self.subject.advance()
        batch = self.backend.poll(0.1)
        self.batches.append(batch)
        self.state = fold.fold(self.state, batch, list(iter_events(batch.records)))
        return batch

    def until(self, reached: Callable[[], bool]) -> None:
        for _ in range(MAX_POLLS):
            self.poll()
            if reached():
                return
        pytest.fail("it never happened")

    def end(self) -> None:
        self.backend.send(Stop())
        self.until(lambda: self.batches[-1].end)


@pytest.fixture
def watched(subject: Subject, backend: Backend) -> Watched:
    return Watched(subject, backend)


def test_events_come_with_their_captures(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 20)
    snapshot = fold.snapshot(watched.state)
    for event in snapshot.events:
        assert snapshot.captures[event.capture] == "str(arg2)"
        assert snapshot.triggers[event.capture]
        assert event.pid in {target.pid for target in watched.subject.plan.targets}


def test_the_ledger_balances_at_the_end(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 100)
    watched.end()
    snapshot = fold.snapshot(watched.state)
    assert watched.batches[-1].reading is not None
    assert watched.batches[-1].reading.quiet
    assert any("=" in invariant.name for invariant in snapshot.invariants)
    assert not snapshot.broken
    assert snapshot.total.pending == 0
    assert snapshot.total.delivered == snapshot.events_seen > 0


def test_the_inequalities_hold_all_the_way(watched: Watched) -> None:
    def holds() -> bool:
        assert not fold.snapshot(watched.state).broken
        return watched.state.events_seen >= 100

    watched.until(holds)


def test_counters_and_histograms_never_fall(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 100)
    watched.end()
    readings = [batch.reading for batch in watched.batches if batch.reading]
    assert len(readings) > 1
    for early, late in itertools.pairwise(readings):
        for row, counters in early.ledger.items():
            for name in set(COUNTER_NAMES) - {"pending", "running"}:
                assert getattr(late.ledger[row], name) >= getattr(counters, name), name
        for row, histogram in early.latency.items():
            assert late.latency[row].minus(histogram).total == (
                late.latency[row].total - histogram.total
            )


def test_every_completed_callback_has_a_latency(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 50)
    watched.end()
    reading = watched.batches[-1].reading
    assert reading is not None
    for row, counters in reading.ledger.items():
        assert reading.latency[row].total == counters.completed


def test_errors_add_up(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 200)
    watched.end()
    for row in fold.snapshot(watched.state).rows:
        counters = row.counters
        assert sum(counters.errors.values()) == counters.failed + counters.read_fault


def test_time_does_not_go_back(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 50)
    times = [batch.at_ns for batch in watched.batches]
    assert times == sorted(times)


def test_batches_survive_the_wire(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 20)
    watched.end()
    for batch in watched.batches:
        sent = replace(batch, resume=None, playback=None)
        assert unpack_batch(pack_batch(sent)) == sent


@steered
def test_a_mode_is_announced_and_moves_no_numbers(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 20)
    watched.backend.send(SetMode(Mode.SIGNAL))
    watched.until(lambda: watched.state.mode is Mode.SIGNAL)
    assert [batch.mode for batch in watched.batches if batch.mode] == ["signal"]
    watched.until(
        lambda: sum(e.mode is Mode.SIGNAL for e in fold.snapshot(watched.state).events) >= 20
    )
    watched.end()
    assert not fold.snapshot(watched.state).broken


@steered
def test_map_kinds_that_are_off_schedule_nothing(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 20)
    watched.backend.send(SetMapKinds((MapKind.ARRAY,)))
    watched.until(lambda: watched.batches[-1].reading is not None)
    fired = {row.row: row.counters.fired for row in fold.snapshot(watched.state).rows}
    seen = watched.state.events_seen
    watched.until(lambda: watched.state.events_seen >= seen + 20)
    watched.end()
    for row in fold.snapshot(watched.state).rows:
        if row.row[0] is MapKind.ARRAY:
            assert row.counters.fired > fired[row.row]
        else:
            assert row.counters.fired == fired[row.row]


@steered
def test_a_new_capture_is_announced_under_a_new_index(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 20)
    watched.backend.send(SetCapture(0, parse_capture("u64(sp)")))
    watched.until(lambda: "u64(sp)" in fold.snapshot(watched.state).captures)
    snapshot = fold.snapshot(watched.state)
    assert "str(arg2)" in snapshot.captures
    index = snapshot.captures.index("u64(sp)")
    watched.until(lambda: fold.snapshot(watched.state).events[-1].capture == index)
    assert len(watched.state.events[-1].data) in (0, 8)


@steered
def test_a_probe_reaches_every_thread(watched: Watched) -> None:
    watched.until(lambda: watched.state.events_seen >= 1)
    before = fold.snapshot(watched.state).total.fired
    watched.backend.send(Probe())
    watched.until(lambda: watched.batches[-1].reading is not None)
    threads = sum(target.threads for target in fold.snapshot(watched.state).targets)
    assert fold.snapshot(watched.state).total.fired >= before + threads


@pytest.mark.parametrize(
    "command", [SetCapture(7, parse_capture("none")), SetCapture(-1, parse_capture("none"))]
)
def test_a_refused_command_changes_nothing(watched: Watched, command: SetCapture) -> None:
    with pytest.raises(UsageError):
        watched.backend.send(command)
    watched.until(lambda: watched.state.events_seen >= 20)
    assert set(fold.snapshot(watched.state).captures) == {"str(arg2)"}


@steered
def test_signal_mode_is_refused_where_it_fires_itself(backend: Backend) -> None:
    backend.open(plan("syscall:read"))
    with pytest.raises(UsageError, match="syscall:read"):
        backend.send(SetMode(Mode.SIGNAL))


def test_a_plan_that_cannot_be_run_is_refused(backend: Backend) -> None:
    with pytest.raises(UsageError):
        backend.open(plan(targets=()))


def test_nothing_comes_after_the_end(watched: Watched) -> None:
    watched.end()
    with pytest.raises(TwtuiError):
        watched.backend.poll(0)


def test_close_is_idempotent_and_ends_polling(watched: Watched) -> None:
    watched.backend.close()
    watched.backend.close()
    with pytest.raises(TwtuiError):
        watched.backend.poll(10)


def test_close_before_open_does_nothing(backend: Backend) -> None:
    backend.close()
