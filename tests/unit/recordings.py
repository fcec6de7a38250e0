"""Recordings of demo runs, for tests that read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twtui.backend.demo import DemoBackend
from twtui.commands.recorded import final_snapshot, top_values
from twtui.engine import Engine
from twtui.model import fold
from twtui.model.plan import Command, Plan, Stop
from twtui.model.snapshot import Snapshot
from twtui.recording import Options, Recorder, Recording

from .support import FakeClock, plan

STEP_S = 0.05


def record_demo(
    path: Path,
    *,
    seconds: float = 3.0,
    rate: float | None = None,
    made: Plan | None = None,
    commands: Mapping[int, Command] | None = None,
    start_at: int = 0,
    stop_at: int | None = None,
    options: Options | None = None,
) -> tuple[Recorder, Snapshot]:
    """Run the demo and record it.

    Args:
        path: The recording.
        seconds: Of the run.
        rate: Of the firings, per second.
        made: The plan.
        commands: What is submitted before which step.
        start_at: The step before which the recording starts.
        stop_at: The step before which it is stopped.
        options: How to record.
    """
    clock = FakeClock()
    run = made or plan()
    recorder = Recorder(run, ("twtui", "record"), host="box")
    engine = Engine(
        DemoBackend(clock=clock, rate=rate), run, lambda _: None, observers=(recorder.observe,),
        clock=clock,
    )  # fmt: skip
    if not start_at:
        recorder.start(path, None, options or Options())
    info = engine.open()
    recorder.begin(info)
    for step in range(int(seconds / STEP_S)):
        if start_at and step == start_at:
            recorder.start(path, info, options or Options())
        if step == stop_at:
            recorder.stop()
        if commands and step in commands:
            engine.submit(commands[step])
        clock.advance(STEP_S)
        assert engine.step()
    engine.submit(Stop())
    clock.advance(STEP_S)
    while engine.step():
        pass
    assert engine.failure is None
    return recorder, engine.latest


def recorded_demo(path: Path, seconds: float = 3.0) -> Path:
    """The path of a recording of the demo."""
    record_demo(path, seconds=seconds)
    return path


def replayed(path: Path, upto: int | None = None) -> Snapshot:
    """The fold over every batch of a recording."""
    with Recording(path) as recording:
        state = fold.opened(fold.starting(recording.meta.plan), recording.info)
        for batch, events in recording.batches():
            state = fold.fold(state, batch, events)
            upto = None if upto is None else upto - 1
            if upto == 0:
                break
        return fold.snapshot(state)


def everything(path: Path) -> int:
    """Read all of a recording, as the commands do; the number of its events."""
    with Recording(path) as recording:
        final_snapshot(recording, 100)
        top_values(recording)
        events = sum(len(events) for _, events in recording.batches())
        for number in range(1, recording.batch_count + 1, 7):
            recording.jump(number, 10)
        assert events == recording.event_count
        return events
