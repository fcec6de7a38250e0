"""The engine by its steps: no thread, a fake clock, a scripted backend; then once with its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from twtui.engine import PUBLISH_INTERVAL_NS, Engine
from twtui.errors import TwtuiError, UnsupportedError, UsageError
from twtui.model.batch import Batch
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.event import Event
from twtui.model.plan import Command, Probe, SetMapKinds, SetMode, Stop
from twtui.model.snapshot import Snapshot

from .support import FakeClock, ScriptedBackend, event, plan, records


class Bench:
    """An engine on a scripted backend, with all that it published."""

    def __init__(self, *script: Batch | Exception | Callable[[], Batch], **changes: object) -> None:
        self.clock = FakeClock()
        self.published: list[Snapshot] = []
        self.observed: list[tuple[Batch, Sequence[Event]]] = []
        self.backend = ScriptedBackend(script, self.clock, **changes)  # type: ignore[arg-type]
        self.engine = Engine(
            self.backend,
            plan(),
            self.published.append,
            observers=[lambda batch, events: self.observed.append((batch, events))],
            clock=self.clock,
        )

    @property
    def last(self) -> Snapshot:
        return self.published[-1]


def test_it_says_starting_then_live() -> None:
    bench = Bench()
    bench.engine.open()
    assert [item.state for item in bench.published] == [RunState.STARTING, RunState.LIVE]
    assert bench.last.info.name == "scripted"
    assert bench.engine.latest is bench.last


def test_it_publishes_at_most_five_times_a_second() -> None:
    bench = Bench()
    bench.engine.open()
    at_open = len(bench.published)
    for _ in range(200):
        assert bench.engine.step(0.01)
    assert len(bench.published) - at_open == 10


def test_batches_that_never_stop_coming_hold_up_no_command() -> None:
    script = [Batch(number, records([event(number)])) for number in range(100)]
    bench = Bench(*script, obeys_stop=False)
    bench.engine.open()
    bench.engine.submit(SetMode(Mode.SIGNAL))
    bench.engine.submit(Stop())
    for _ in range(2):
        assert bench.engine.step(0.0)
    assert bench.backend.sent == [SetMode(Mode.SIGNAL), Stop()]
    assert len(bench.backend.script) == 98


def test_every_batch_is_folded_even_when_nothing_is_published() -> None:
    bench = Bench(*(Batch(1, records([event(n)])) for n in range(10)))
    bench.engine.open()
    for _ in range(10):
        bench.engine.step(0.0)
    assert bench.last.events_seen == 0
    bench.clock.now_ns += PUBLISH_INTERVAL_NS
    bench.engine.step(0.0)
    assert bench.last.events_seen == 10


def test_a_change_of_mode_is_published_at_once() -> None:
    bench = Bench(Batch(1), Batch(2, mode="signal"), Batch(3))
    bench.engine.open()
    before = len(bench.published)
    for _ in range(3):
        bench.engine.step(0.0)
    assert len(bench.published) == before + 1
    assert bench.last.mode is Mode.SIGNAL


def test_observers_see_every_batch_with_its_events() -> None:
    batches = [Batch(1, records([event(0), event(1)])), Batch(2)]
    bench = Bench(*batches)
    bench.engine.open()
    bench.engine.step()
    bench.engine.step()
    observed = [(batch, list(events)) for batch, events in bench.observed]
    assert observed == [(batches[0], [event(0), event(1)]), (batches[1], [])]


def test_commands_are_sent_in_order_one_at_a_step() -> None:
    bench = Bench()
    bench.engine.open()
    commands: list[Command] = [Probe(), SetMode(Mode.SIGNAL), SetMapKinds((MapKind.ARRAY,))]
    for command in commands:
        bench.engine.submit(command)
    assert bench.backend.sent == []
    began_ns = bench.clock.now_ns
    for sent in range(1, 4):
        bench.engine.step(1.0)
        assert bench.backend.sent == commands[:sent]
    # those that wait are not held up by the poll
    assert bench.clock.now_ns == began_ns + 1_000_000_000
    assert bench.last.plan.map_kinds == (MapKind.ARRAY,)


def test_a_refused_command_is_a_note() -> None:
    bench = Bench(refuse=UsageError("not here", "do that"))
    bench.engine.open()
    bench.engine.submit(SetMapKinds((MapKind.ARRAY,)))
    assert bench.engine.step(1.0)
    assert bench.last.notes == ("not here (do that)",)
    assert bench.last.state is RunState.LIVE
    assert bench.last.plan == plan()


def test_a_command_that_breaks_the_backend_is_a_failure() -> None:
    bench = Bench(refuse=TwtuiError("the kernel process is gone"))
    bench.engine.open()
    bench.engine.submit(Probe())
    assert not bench.engine.step()
    assert bench.last.error == "the kernel process is gone"


def test_nothing_is_sent_after_stop() -> None:
    bench = Bench(obeys_stop=False)
    bench.engine.open()
    bench.engine.submit(Stop())
    bench.engine.submit(Probe())
    bench.engine.submit(Stop())
    for _ in range(3):
        bench.engine.step(1.0)
    assert bench.backend.sent == [Stop()]
    assert bench.last.state is RunState.ENDING


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (UnsupportedError("gone", "start again", "its words"), "gone", "start again"),
        (ZeroDivisionError("its words"), "internal error: ZeroDivisionError: its words", "report"),
    ],
)
def test_a_failure_is_the_last_snapshot(error: Exception, message: str, hint: str) -> None:
    bench = Bench(Batch(1, records([event(0)])), error)
    bench.engine.open()
    assert bench.engine.step()
    assert not bench.engine.step()
    assert (bench.last.state, bench.last.error) == (RunState.FAILED, message)
    assert hint in bench.last.hint
    assert "its words" in bench.last.log
    assert bench.last.events_seen == 1
    assert bench.engine.failure is error
    assert bench.backend.closed


def test_broken_records_are_a_failure() -> None:
    bench = Bench(Batch(1, b"\xff" * 40))
    bench.engine.open()
    assert not bench.engine.step()
    assert bench.last.state is RunState.FAILED


def test_an_observer_that_fails_is_a_failure() -> None:
    bench = Bench(Batch(1))

    def observe(batch: Batch, events: Sequence[Event]) -> None:
        raise TwtuiError("the disk is full", "make room")

    engine = Engine(bench.backend, plan(), bench.published.append, observers=[observe])
    engine.open()
    assert not engine.step()
    assert bench.last.error == "the disk is full"


def test_an_open_that_fails_is_said_and_raised() -> None:
    bench = Bench(open_error=UnsupportedError("old kernel", "update"))
    with pytest.raises(UnsupportedError):
        bench.engine.open()
    assert (bench.last.state, bench.last.error) == (RunState.FAILED, "old kernel")
    assert not bench.engine.step()
    bench.engine.stop()
    assert bench.last.error == "old kernel"


def test_the_end_is_published_and_closes_the_backend() -> None:
    bench = Bench(Batch(1, end=True))
    bench.engine.open()
    assert not bench.engine.step(0.0)
    assert not bench.engine.step(0.0)
    assert bench.last.state is RunState.ENDED
    assert bench.backend.closed


def test_stop_waits_for_the_end_and_is_idempotent() -> None:
    bench = Bench()
    bench.engine.open()
    bench.engine.stop()
    count = len(bench.published)
    bench.engine.stop()
    assert bench.last.state is RunState.ENDED
    assert len(bench.published) == count
    assert bench.backend.sent == [Stop()]


def test_stop_does_not_wait_forever() -> None:
    bench = Bench(obeys_stop=False)
    bench.engine.open()
    started_ns = bench.clock()
    bench.engine.stop(timeout_s=2.0)
    assert bench.clock() - started_ns <= 2.2e9
    assert bench.last.state is RunState.FAILED
    assert "in time" in bench.last.error
    assert bench.backend.closed


def test_stop_before_open_only_closes() -> None:
    bench = Bench()
    bench.engine.stop()
    assert bench.backend.closed
    assert bench.published == []


def test_closing_may_fail_without_a_word_on_the_screen() -> None:
    bench = Bench(Batch(1, end=True))
    bench.engine.open()

    def close() -> None:
        raise OSError("gone")

    bench.backend.close = close  # type: ignore[method-assign]
    assert not bench.engine.step()
    assert bench.last.state is RunState.ENDED


def test_a_screen_that_fails_does_not_hide_the_state() -> None:
    bench = Bench(Batch(1))
    bench.engine.open()
    bench.clock.advance(1)

    def publish(snapshot: Snapshot) -> None:
        raise RuntimeError("the screen is gone")

    bench.engine._publish = publish
    assert not bench.engine.step()
    assert bench.engine.latest.state is RunState.FAILED


def test_the_thread_runs_to_the_end() -> None:
    polled_twice = threading.Event()

    def second_batch() -> Batch:
        polled_twice.set()
        return Batch(2)

    bench = Bench(Batch(1, records([event(0)])), second_batch)
    bench.engine.start()
    assert polled_twice.wait(10)
    bench.engine.stop()
    assert bench.last.state is RunState.ENDED
    assert bench.last.events_seen == 1
    states = [item.state for item in bench.published]
    assert states[:2] == [RunState.STARTING, RunState.LIVE]
    assert bench.engine._thread is not None
    assert not bench.engine._thread.is_alive()


def test_the_thread_says_when_opening_fails() -> None:
    bench = Bench(open_error=UnsupportedError("old kernel", "update"))
    bench.engine.start()
    bench.engine.stop()
    assert bench.last == replace(bench.last, state=RunState.FAILED, error="old kernel")
