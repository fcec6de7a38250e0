"""Sweeps without a pause: whatever a task is just doing, none of its flights is taken for another's or for dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from kernel_harness import TargetProcess, plan_for

from twtui.kernel.run import session
from twtui.model.enums import MapKind, Mode
from twtui.model.ledger import Counters, Row

StartTarget = Callable[..., TargetProcess]


def ledgers(run: session.Session) -> Iterator[Mapping[Row, Counters]]:
    """Those of all readings, of which every poll makes one."""
    while True:
        if reading := run.poll().reading:
            yield reading.ledger


@pytest.mark.parametrize("_", range(5))
def test_an_exec_that_takes_over_the_first_threads_number_loses_nothing(
    start_changing: StartTarget,
    changing_program: Path,
    monkeypatch: pytest.MonkeyPatch,
    _: int,
) -> None:
    """For a moment before its callback runs, nobody has the number that it was scheduled under."""
    monkeypatch.setattr(session, "READING_INTERVAL_S", 0.0)
    target = start_changing("exec", changing_program, text="before")
    plan = plan_for(target, trigger="syscall:execve", capture=f"str({target.address:#x})")
    rows = [(kind, Mode.RESUME) for kind in MapKind]
    with closing(session.Session(plan)) as run:
        target.tell()
        ledger = next(
            ledger
            for ledger in ledgers(run)
            if all(ledger[row].completed + ledger[row].lost for row in rows)
        )
    assert [(ledger[row].completed, ledger[row].lost) for row in rows] == [(1, 0)] * 3
