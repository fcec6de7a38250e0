"""Assertions: the little language, what it refuses, and what a failure says."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from twtui.errors import LossError, UsageError
from twtui.model import fold
from twtui.model.assertion import check, parse_assertion
from twtui.model.batch import Batch, Reading
from twtui.model.snapshot import BackendInfo, Snapshot

from .support import HASH_RESUME, LRU_SIGNAL, balanced, event, histogram_of, plan


@pytest.fixture(scope="module")
def final() -> Snapshot:
    """10 callbacks of 12 µs in hash resume; 10 of 3 ms in lru_hash signal, one more lost."""
    errors: Any = MappingProxyType({"EFAULT": 2, "EBUSY": 1})
    ledger = {
        HASH_RESUME: balanced(10, rescued=4, nofault_ok=6, nofault_fault=4),
        LRU_SIGNAL: balanced(11, completed=10, read_ok=10, emitted=10, lost=1, errors=errors),
    }
    latency = {
        HASH_RESUME: histogram_of([12_000] * 10),
        LRU_SIGNAL: histogram_of([3_000_000] * 10),
    }
    events = [event(n) for n in range(10)] + [event(n, LRU_SIGNAL) for n in range(10)]
    state = fold.opened(fold.starting(plan()), BackendInfo("live", attached_ns=1))
    batch = Batch(2_000_000_001, b"", Reading(ledger, latency, quiet=True), end=True)
    return fold.snapshot(fold.fold(state, batch, events))


@pytest.mark.parametrize(
    "text",
    [
        "lost == 1",
        "lost(hash) == 0",
        "lost(lru_hash signal)==1",
        "rescued > 0",
        "rescued >= 4",
        "rescued(resume) != 0",
        "fired <= 21",
        "p99(resume) < 1ms",
        "p50(hash signal, lru_hash) < 4 ms",
        "p50(hash) < 20us",
        "p50(hash resume) > 5 µs",
        "p99.9(signal) < 1s",
        "max > 1000000ns",
        "p50 < max",
        "completed == delivered",
        "errors == 3",
        "errors(EFAULT) == 2",
        "errors(EPERM) == 0",
        "events == 20",
        "broken == 0",
        "duration == 2s",
        "failed == 0",
        "1,000 > fired",
        "0 == dropped",
    ],
)
def test_what_holds(final: Snapshot, text: str) -> None:
    assert parse_assertion(text).failure(final) == ""
    check(final, [parse_assertion(text)], False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lost == 0", "lost == 0 (lost is 1)"),
        ("p99(signal) < 1ms", "p99(signal) < 1ms (p99(signal) is 3.01ms)"),
        ("rescued > 1000", "rescued > 1000 (rescued is 4)"),
        ("scheduled == completed", "scheduled == completed (scheduled is 21, completed is 20)"),
        ("p50(array) < 1s", "p50(array) < 1s (p50(array) is not measured)"),
        ("p50(array) >= 1ns", "p50(array) >= 1ns (p50(array) is not measured)"),
        ("2s < duration", "2s < duration (duration is 2s)"),
    ],
)
def test_what_fails_is_said_with_its_values(final: Snapshot, text: str, said: str) -> None:
    assert parse_assertion(text).failure(final) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no comparison"),
        ("lost", "no comparison"),
        ("lost == 0 == 0", "one comparison"),
        ("lost = 0", "no comparison"),
        ("lsot == 0", "unknown name 'lsot'"),
        ("lost(heap) == 0", "'heap' is neither"),
        ("events(hash) == 0", "takes no words"),
        ("p99 < 1000", "times have a unit"),
        ("lost < 1ms", "times have a unit"),
        ("p99 < 1h", "unknown unit 'h'"),
        ("p100 < 1s", "unknown name 'p100'"),
        ("1 < 2", "names nothing"),
        ("lost == -1", "neither a number nor a name"),
        ("lost == 0; rm", "neither a number nor a name"),
        ("__class__ == 0", "unknown name"),
    ],
)
def test_what_is_no_assertion_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why.replace("(", r"\(")) as raised:
        parse_assertion(text)
    assert "p99(resume)" in raised.value.hint


def test_every_failure_is_said(final: Snapshot) -> None:
    wanted = [parse_assertion(text) for text in ("lost == 0", "rescued > 0", "fired == 1")]
    with pytest.raises(LossError) as raised:
        check(final, wanted, fail_on_loss=True)
    assert raised.value.exit_code == 3
    assert raised.value.message == "assertion failed: lost == 0 (lost is 1)"
    assert raised.value.hint.splitlines() == [
        "assertion failed: fired == 1 (fired is 21)",
        "assertion failed: lost == 0 (lost is 1)",
    ]


def test_of_a_run_without_its_end_nothing_is_measured(final: Snapshot) -> None:
    wanted = [parse_assertion(text) for text in ("rescued > 0", "failed == 0", "max < 1s")]
    with pytest.raises(LossError) as raised:
        check(final, wanted, fail_on_loss=True, whole=False)
    assert raised.value.message == "assertion failed: rescued > 0 (rescued is not measured)"
    assert raised.value.hint.splitlines() == [
        "assertion failed: failed == 0 (failed is not measured)",
        "assertion failed: max < 1s (max is not measured)",
        "assertion failed: nothing lost (losses are not measured)",
        "the end of the run is not there, so nothing of it is measured: record it to its end",
    ]
    check(final, [], fail_on_loss=False, whole=False)


def test_a_loss_is_a_failure_only_when_asked(final: Snapshot) -> None:
    check(final, [], fail_on_loss=False)
    with pytest.raises(LossError, match=r"lost == 0 \(lost is 1\)"):
        check(final, [], fail_on_loss=True)


@pytest.mark.parametrize("name", ["dropped", "cancelled", "lost", "missed", "no_slot"])
def test_everything_that_did_not_come_is_a_loss(name: str) -> None:
    counters = balanced(3, **{name: 2})
    state = fold.opened(fold.starting(plan()), BackendInfo("live", attached_ns=1))
    batch = Batch(2_000_000_001, b"", Reading({HASH_RESUME: counters}, {}), end=True)
    snapshot = fold.snapshot(fold.fold(state, batch, []))
    with pytest.raises(LossError, match=rf"{name} == 0 \({name} is 2\)"):
        check(snapshot, [], fail_on_loss=True)
