"""Stacks: whole, named, and in the right shares."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for

from twtui.kernel.run.session import Session
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind, Mode
from twtui.model.event import Event
from twtui.model.plan import SetCapture
from twtui.wire.layout import iter_events

StartTarget = Callable[..., TargetProcess]
HASH = (MapKind.HASH,)
SAMPLES = 4000
MOST_FRAMES = 64
"""Of the user's part (``TW_USER_FRAMES``)."""


def frames_of(run: Run, event: Event) -> list[str]:
    """The names of one stack, newest first, user part before the kernel's."""
    words = [word for (word,) in struct.iter_unpack("<Q", event.data)]
    keys = [(0 if word >> 63 else event.pid, word) for word in words]
    assert all(key in run.names for key in keys), "a frame has no name"
    return [run.names[key].partition("+")[0] for key in keys]


def test_shares_of_time_come_out(shares_program: Path, start_program: StartTarget) -> None:
    """A program spends 50, 30 and 20 % in three functions; 4,000 samples find that within 3 points."""
    target = start_program(shares_program)
    with Run(plan_for(target, capture="stack", map_kinds=HASH, rate_hz=1999)) as run:
        run.until(lambda _: len(run.events) >= SAMPLES)
        ledger = run.finish()
    seen: Counter[str] = Counter()
    for event in run.events:
        names = frames_of(run, event)
        assert "burn" in names
        seen.update({"alpha", "beta", "gamma_"}.intersection(names))
    shares = {name: 100 * count / len(run.events) for name, count in seen.items()}
    for name, wanted in {"alpha": 50, "beta": 30, "gamma_": 20}.items():
        assert abs(shares[name] - wanted) < 3, shares
    assert ledger[MapKind.HASH, Mode.RESUME].read_ok == len(run.events)


def test_both_parts_of_a_system_call(start_target: StartTarget) -> None:
    target = start_target("call", 1, 200)
    plan = plan_for(target, trigger="syscall:getppid", capture="stack", map_kinds=HASH)
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        run.finish()
    assert len(run.events) == 200
    for event in run.events:
        names = frames_of(run, event)
        user = names[: event.result // 8]
        kernel = names[event.result // 8 :]
        # syscall() of the C library keeps no frame pointer, so its caller is not on the chain
        assert user[0] == "syscall"
        # a C library that comes without its own symbols has an address there
        assert user[1] == "start_thread" or user[1].endswith("(libc.so.6"), user
        assert kernel, "the kernel's part is missing"
        assert any("syscall" in name for name in kernel), kernel


def test_a_process_that_has_died_keeps_its_names(
    shares_program: Path, start_program: StartTarget
) -> None:
    target = start_program(shares_program)
    with Run(plan_for(target, capture="stack", map_kinds=HASH, rate_hz=999)) as run:
        run.until(lambda _: len(run.events) > 50)
        target.end()
        run.finish()
    whole = [event for event in run.events if event.result > 0]
    assert "burn" in frames_of(run, whole[-1])


def test_what_waits_when_the_capture_changes_keeps_its_names(start_target: StartTarget) -> None:
    target = start_target("call", 1, 50)
    plan = plan_for(target, trigger="syscall:getppid", capture="stack", map_kinds=HASH)
    session = Session(plan)
    try:
        target.tell()
        target.wait_done()
        session.send(SetCapture(0, parse_capture("none")))
        batch = session.poll()
    finally:
        session.close()
    waited = list(iter_events(batch.records))
    assert len(waited) == 50
    for event in waited:
        words = [word for (word,) in struct.iter_unpack("<Q", event.data)]
        assert words
        assert all((0 if word >> 63 else event.pid, word) in batch.names for word in words)


@pytest.mark.parametrize(("frames", "is_cut"), [(20, False), (100, True)])
def test_a_stack_with_more_frames_than_are_kept_says_so(
    start_target: StartTarget, frames: int, is_cut: bool
) -> None:
    target = start_target("deep", frames)
    plan = plan_for(target, trigger="syscall:getppid", capture="stack", map_kinds=HASH)
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    (event,) = run.events
    assert event.truncated is is_cut
    assert ledger[MapKind.HASH, Mode.RESUME].truncated == is_cut
    assert frames_of(run, event).count("go_down") == min(frames, MOST_FRAMES - 1)
