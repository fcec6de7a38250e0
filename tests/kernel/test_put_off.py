"""Reads that wait for the end of their system call, where that end is another one's or does not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from kernel_harness import Run, TargetProcess, plan_for, with_watch

from twtui.model.enums import Defer, MapKind, Mode

StartTarget = Callable[..., TargetProcess]
NOWHERE = "bytes(0x10, 8)"


def test_of_two_that_are_put_off_in_one_call_the_first_is_accounted_for(
    start_target: StartTarget,
) -> None:
    """One is kept for each call: the other is refused, in the open, and not waited for for ever."""
    target = start_target("call", 1, 20)
    plan = plan_for(target, trigger="syscall:getppid", capture=NOWHERE, defer=Defer.EXIT)
    with Run(with_watch(plan, "syscall:getppid", "str(0x20)")) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    for kind in MapKind:
        counters = ledger[kind, Mode.RESUME]
        assert (counters.fired, counters.in_call) == (40, 0)
        assert (counters.rejected, counters.scheduled) == (20, 20)
        assert counters.errors["ENOENT"] == 20
    assert Counter(event.capture for event in run.events) == {1: 60}
