"""The demo backend: the same seed and clock give the same batches, and they look like a real run."""

from __future__ import annotations

import threading

import pytest

from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.errors import TwtuiError, UsageError
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, EventFlag, MapKind, Mode
from twtui.model.event import NOT_TRIED
from twtui.model.plan import Command, Plan, Probe, SetCapture, SetMapKinds, SetMode, Stop
from twtui.model.snapshot import Snapshot
from twtui.wire.layout import iter_events

from .support import HASH_RESUME, FakeClock, plan


def run(
    made: Plan,
    seconds: float = 5,
    seed: int = 1,
    commands: dict[int, Command] | None = None,
    step_s: float = 0.05,
) -> tuple[list[Batch], Snapshot]:
    """A whole run; commands by the number of the poll before which they are sent."""
    clock = FakeClock()
    backend = DemoBackend(seed, clock=clock)
    state = fold.opened(fold.starting(made, 100_000), backend.open(made))
    batches = []
    steps = round(seconds / step_s)
    for step in range(steps + 1):
        clock.advance(step_s)
        if step == steps:
            backend.send(Stop())
        elif commands and step in commands:
            backend.send(commands[step])
        batch = backend.poll(0.1)
        batches.append(batch)
        state = fold.fold(state, batch, list(iter_events(batch.records)))
    return batches, fold.snapshot(state)


def test_it_is_deterministic() -> None:
    commands: dict[int, Command] = {10: Probe(), 20: SetMode(Mode.SIGNAL)}
    assert run(plan(), commands=commands) == run(plan(), commands=commands)


def test_the_seed_decides() -> None:
    assert run(plan(), seed=1)[0] != run(plan(), seed=2)[0]


def test_how_often_it_is_polled_does_not() -> None:
    often, seldom = run(plan(), step_s=0.05)[1], run(plan(), step_s=0.5)[1]
    # the two runs end 0.45 s apart
    assert often.events == seldom.events[: len(often.events)]
    assert len(often.events) > 1000


@pytest.mark.parametrize("defer", Defer)
@pytest.mark.parametrize("trigger", ["sample", "syscall:openat:exit", "probe:2hz"])
@pytest.mark.parametrize(
    "capture", ["str(arg2)", "bytes(sp, 64)", "bytes(arg2, arg3)", "u32(sp)", "none", "stack"]
)
def test_it_balances_with_any_plan(trigger: str, capture: str, defer: Defer) -> None:
    commands: dict[int, Command] = {
        20: SetMode(Mode.SIGNAL),
        40: SetMapKinds((MapKind.ARRAY,)),
        50: Probe(),
    }
    made = plan(trigger, capture, defer=defer, max_bytes=32)
    _, snapshot = run(made, 3, commands=commands)
    assert not snapshot.broken
    assert snapshot.total.fired > 0
    assert all(len(event.data) <= 32 for event in snapshot.events)


def test_it_shows_everything_a_screen_has_to_show() -> None:
    _, snapshot = run(plan(max_bytes=64), 60, commands={30: Probe()})
    events = snapshot.events
    assert any(event.rescued for event in events)
    assert any(event.truncated and event.wanted_bytes > 64 for event in events)
    assert any(event.flags & EventFlag.GONE for event in events)
    assert any(event.flags & EventFlag.KEPT and event.data for event in events)
    assert any(b"\x1b" in event.data for event in events)
    assert any(b"\xff" in event.data for event in events)
    assert any("\u202e".encode() in event.data for event in events)
    assert any(event.data == b"" and event.result >= 0 for event in events)
    total = snapshot.total
    assert all((total.busy, total.no_slot, total.cancelled, total.lost, total.retried))
    assert len({event.tid for event in events}) == 5


def test_work_is_pending_while_it_runs() -> None:
    batches, _ = run(plan(), commands={30: Probe()})
    pending = [
        sum(counters.pending for counters in batch.reading.ledger.values())
        for batch in batches
        if batch.reading
    ]
    assert max(pending) > 0
    assert pending[-1] == 0


def test_what_has_not_started_at_the_end_is_cancelled() -> None:
    clock = FakeClock()
    backend = DemoBackend(clock=clock)
    backend.open(plan(map_kinds=(MapKind.HASH,)))
    for command in (Probe(), Stop()):
        backend.send(command)
    reading = backend.poll(0).reading
    assert reading is not None
    counters = reading.ledger[HASH_RESUME]
    assert (counters.scheduled, counters.cancelled, counters.pending) == (5, 5, 0)


def test_signal_mode_wakes_a_sleeper_and_resume_mode_does_not() -> None:
    def longest(mode: Mode) -> int:
        _, snapshot = run(plan("probe:20hz", mode=mode), 20)
        sleeper = [event for event in snapshot.events if event.comm == b"idle-timer"]
        return max(event.delay_ns or 0 for event in sleeper)

    assert longest(Mode.SIGNAL) < 40_000_000 < longest(Mode.RESUME)


def test_deferring_on_fault_only_defers_faults() -> None:
    _, snapshot = run(plan("syscall:openat", defer=Defer.FAULT))
    deferred = [event for event in snapshot.events if event.flags & EventFlag.DEFERRED]
    others = [event for event in snapshot.events if not event.flags & EventFlag.DEFERRED]
    assert deferred
    assert others
    assert all(event.nofault < 0 for event in deferred)
    assert all(event.nofault >= 0 and event.result == NOT_TRIED for event in others)
    assert snapshot.total.not_needed == len(others)


def test_samples_come_at_their_rate() -> None:
    _, snapshot = run(plan(map_kinds=(MapKind.HASH,)), 10)
    assert snapshot.total.fired == pytest.approx(990, abs=15)


def test_a_pause_of_the_caller_does_not_make_up_hours() -> None:
    clock = FakeClock()
    backend = DemoBackend(clock=clock)
    backend.open(plan())
    clock.advance(3600)
    assert len(list(iter_events(backend.poll(0).records))) < 99 * 3 * 6


def test_a_map_kind_that_was_not_loaded_is_refused() -> None:
    backend = DemoBackend(clock=FakeClock())
    backend.open(plan(map_kinds=(MapKind.HASH,)))
    with pytest.raises(UsageError, match="array"):
        backend.send(SetMapKinds((MapKind.ARRAY,)))


def test_it_makes_up_no_python_frames() -> None:
    backend = DemoBackend(clock=FakeClock())
    with pytest.raises(UsageError, match="Python"):
        backend.open(plan(capture="python"))
    backend.open(plan())
    with pytest.raises(UsageError, match="Python"):
        backend.send(SetCapture(0, parse_capture("python")))


def test_it_says_that_it_is_a_demo_and_why() -> None:
    info = DemoBackend(reason="not root", clock=FakeClock()).open(plan(targets=(DEMO_TARGET,)))
    assert (info.name, info.reason) == ("demo", "not root")


def test_close_ends_a_poll_that_waits() -> None:
    backend = DemoBackend()
    backend.open(plan())
    caught: list[Exception] = []

    def poll() -> None:
        try:
            while True:
                backend.poll(60)
        except TwtuiError as error:
            caught.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    backend.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(caught) == 1
