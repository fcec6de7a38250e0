"""Samples reach every thread of every target, new ones included, and nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable

from kernel_harness import Run, TargetProcess, plan_for

from twtui.model.enums import MapKind, Mode

StartTarget = Callable[..., TargetProcess]

GRACE_NS = 100_000_000
"""How long a dead thread keeps its slot at least (``TW_GRACE_NS``)."""


def test_all_of_64_threads_are_sampled(start_target: StartTarget) -> None:
    target = start_target("spin", 64)
    plan = plan_for(target, capture=f"str({target.address:#x})", rate_hz=1999)
    seen: set[int] = set()
    with Run(plan) as run:

        def every_thread_seen(_: object) -> bool:
            seen.update(event.tid for event in run.events)
            return seen == set(target.tids)

        run.until(every_thread_seen)
        run.finish()
    assert {event.data for event in run.events} == {target.text}
    assert {event.pid for event in run.events} == {target.pid}


def test_two_targets_and_not_the_third(start_target: StartTarget) -> None:
    picked = [start_target("spin", 1, text=f"target {number}") for number in range(2)]
    bystander = start_target("spin", 1, text="bystander")
    with Run(plan_for(*picked, capture=f"str({picked[0].address:#x})", rate_hz=999)) as run:
        run.run_for(1.0)
        run.finish()
    texts = {event.pid: event.data for event in run.events}
    assert texts == {target.pid: target.text for target in picked}
    assert bystander.pid not in texts


def test_threads_made_later_are_sampled(start_target: StartTarget) -> None:
    target = start_target("churn", 1600)
    known = set(target.tids)
    with Run(plan_for(target, rate_hz=4999, map_kinds=(MapKind.ARRAY,))) as run:
        target.tell()
        target.wait_done()
        run.finish()
    assert len({event.tid for event in run.events} - known) > 5


def until_swept(run: Run) -> None:
    """Collect until a sweep has been made that began when all who are dead now were so for long enough."""
    for _ in range(2):
        run.until_reading_at(time.monotonic_ns() + GRACE_NS)


def test_slots_of_dead_threads_are_given_back(start_target: StartTarget) -> None:
    """More threads come than there are slots, but never too many of them between two sweeps."""
    targets = [start_target("churn", 1000) for _ in range(4)]
    plan = plan_for(*targets, trigger="syscall:sched_yield", slots=2048)
    with Run(plan) as run:
        for target in targets:
            target.tell()
            target.wait_done()
            until_swept(run)
        ledger = run.finish()
    first = {tid for target in targets for tid in target.tids}
    assert len({event.tid for event in run.events} - first) == 4000
    for kind in MapKind:
        assert ledger[kind, Mode.RESUME].no_slot == 0, kind
