"""Every invariant of the ledger notices when it is broken, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twtui.model.ledger import (
    COUNTER_NAMES,
    SUMS,
    Counters,
    Invariant,
    invariants,
    ledger_invariants,
)

from .support import HASH_RESUME, LRU_SIGNAL, balanced

RUN = Counters(
    fired=100, not_needed=10, scheduled=80, busy=5, no_slot=3, rejected=2, retried=7,
    completed=70, read_ok=60, read_fault=6, read_none=4, truncated=5, nofault_ok=50,
    nofault_fault=45, nofault_none=5, rescued=40, cancelled=3, lost=2, emitted=75, dropped=5,
    pending=5, delivered=75,
)  # fmt: skip
TERMS = [(equation, name) for equation in SUMS for name in (*equation.left, *equation.right)]


def broken(found: tuple[Invariant, ...]) -> set[str]:
    return {invariant.name for invariant in found if not invariant.holds}


def bump(counters: Counters, name: str, by: int = 1) -> Counters:
    return changed(counters, name, getattr(counters, name) + by)


def changed(counters: Counters, name: str, value: int) -> Counters:
    return replace(counters, **{name: value})  # type: ignore[arg-type]


def test_a_balanced_row_holds() -> None:
    assert not broken(invariants(RUN))


@pytest.mark.parametrize(("equation", "name"), TERMS)
@pytest.mark.parametrize("by", [1, -1])
def test_every_term_of_every_equation_counts(equation: object, name: str, by: int) -> None:
    assert equation.name in broken(invariants(bump(RUN, name, by)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["missed", "retried"])
def test_what_is_in_no_equation_breaks_none(name: str) -> None:
    assert not broken(invariants(bump(RUN, name)))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("truncated", 71, "truncated ≤ read_ok + not_needed"),
        ("rescued", 46, "rescued ≤ nofault_fault"),
        ("rescued", 61, "rescued ≤ read_ok"),
    ],
)
def test_bounds(name: str, value: int, expected: str) -> None:
    assert expected in broken(invariants(changed(RUN, name, value)))
    assert expected not in broken(invariants(changed(RUN, name, value - 1)))


def test_while_running_unfinished_work_is_no_fault() -> None:
    later = replace(RUN, fired=150, scheduled=120)
    assert not broken(invariants(later, earlier=RUN))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("completed", "completed + cancelled + lost ≤ scheduled"),
        ("lost", "completed + cancelled + lost ≤ scheduled"),
        ("scheduled", "scheduled + not_needed + busy + no_slot + rejected ≤ fired"),
        ("emitted", "emitted + dropped ≤ completed + not_needed"),
        ("delivered", "delivered ≤ emitted"),
    ],
)
def test_while_running_effects_do_not_outnumber_causes(name: str, expected: str) -> None:
    assert expected in broken(invariants(RUN, earlier=bump(RUN, name, 6)))


def test_the_ledger_names_the_row_that_is_broken() -> None:
    good, bad = balanced(3), replace(balanced(3), lost=1)
    for ledger in ({HASH_RESUME: good, LRU_SIGNAL: bad}, {LRU_SIGNAL: bad, HASH_RESUME: good}):
        found = [item for item in ledger_invariants(ledger) if not item.holds]
        assert len(found) == 1
        assert found[0].detail == (
            "lru_hash signal: scheduled 3 ≠ completed 3 + pending 0 + cancelled 0 + lost 1"
        )


def test_a_row_that_is_new_has_no_effects_yet() -> None:
    assert not broken(ledger_invariants({HASH_RESUME: replace(RUN, fired=200)}, earlier={}))


def test_rows_add_up() -> None:
    left = replace(RUN, errors={"EBUSY": 5})
    both = left.plus(replace(RUN, errors={"EBUSY": 1, "EFAULT": 6}))
    assert all(getattr(both, name) == 2 * getattr(RUN, name) for name in COUNTER_NAMES)
    assert both.errors == {"EBUSY": 6, "EFAULT": 6}
