"""The fold: what a run looks like after each batch, with nothing but values going in and out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twtui.model import fold
from twtui.model.batch import Batch, Reading, Resume
from twtui.model.capture import parse_capture
from twtui.model.cost import OwnUse
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.event import Event
from twtui.model.ledger import Counters
from twtui.model.plan import Probe, SetCapture, SetMapKinds, Stop
from twtui.model.snapshot import BackendInfo, Rates

from .support import HASH_RESUME, LRU_SIGNAL, SECOND, balanced, event, plan, reading

START = 50 * SECOND


def begin(window: int = 100, **info: int) -> fold.State:
    return fold.opened(fold.starting(plan(), window), BackendInfo("test", **info))  # type: ignore[arg-type]


def after(state: fold.State, events: list[Event], **changes: object) -> fold.State:
    batch = Batch(**{"at_ns": START, **changes})  # type: ignore[arg-type]
    return fold.fold(state, batch, events)


def numbers(state: fold.State) -> list[int]:
    return [item.trigger_ns - 1000 for item in fold.snapshot(state).events]


def test_events_are_counted_by_row() -> None:
    state = after(begin(), [event(0), event(1), event(2, LRU_SIGNAL)])
    state = after(state, [event(3)])
    assert state.delivered == {HASH_RESUME: 3, LRU_SIGNAL: 1}
    assert fold.snapshot(state).total.delivered == 4


def test_the_window_keeps_the_newest_in_order() -> None:
    state = begin(window=4)
    for batch in ([0], [1, 2], [3, 4, 5], [6], list(range(7, 20)), []):
        before = state
        state = after(state, [event(number) for number in batch])
        assert numbers(before) == numbers(before)
        assert numbers(state) == list(range(state.events_seen))[-4:]
    assert state.events_seen == 20


def test_every_event_in_the_window_has_the_time_of_its_batch() -> None:
    state = begin(window=4)
    state = after(state, [event(0), event(1)], at_ns=START)
    state = after(state, [event(2)], at_ns=START + 7)
    assert [fold.snapshot(state).arrivals.of(number) for number in (1, 2, 3, 4)] == [
        START, START, START + 7, None,
    ]  # fmt: skip
    for later in range(20):
        state = after(state, [event(3 + later)], at_ns=START + 100 + later)
    arrivals = fold.snapshot(state).arrivals
    assert len(arrivals.batches) == 4
    assert [arrivals.of(n) for n in (20, 23)] == [START + 116, START + 119]


def test_what_a_jump_has_brought_has_no_such_time() -> None:
    jump = Resume({HASH_RESUME: 0})
    state = after(begin(), [event(0), event(1)], resume=jump)
    state = after(state, [event(2)], at_ns=START + 7)
    arrivals = fold.snapshot(state).arrivals
    assert [arrivals.of(number) for number in (1, 2, 3)] == [None, None, START + 7]


def test_skipped_counts_only_what_nobody_could_see() -> None:
    state = after(begin(window=4), [event(n) for n in range(6)])
    assert state.skipped == 2
    state = after(state, [event(6)])
    assert state.skipped == 3
    state = after(fold.shown(state, OwnUse()), [event(n) for n in range(4)])
    assert state.skipped == 3
    assert after(state, [event(9)]).skipped == 4


def test_folding_changes_no_earlier_state() -> None:
    first = after(begin(), [event(0)], captures={0: ("sample", "str(arg2)")})
    kept = replace(first)
    after(first, [event(1)], captures={1: ("sample", "none")}, notes=("hello",), mode="signal")
    assert first == kept


def test_time_starts_when_it_was_attached_or_with_the_first_batch() -> None:
    state = after(begin(), [], at_ns=START)
    assert fold.snapshot(after(state, [], at_ns=START + SECOND)).elapsed_ns == SECOND
    state = after(begin(attached_ns=START - SECOND), [], at_ns=START)
    assert fold.snapshot(state).elapsed_ns == SECOND


def test_rows_are_those_in_use_and_those_that_counted() -> None:
    state = after(begin(), [event(0, LRU_SIGNAL)])
    assert [row.row for row in fold.snapshot(state).rows] == [
        (MapKind.HASH, Mode.RESUME),
        (MapKind.ARRAY, Mode.RESUME),
        (MapKind.LRU_HASH, Mode.RESUME),
        (MapKind.LRU_HASH, Mode.SIGNAL),
    ]


def test_the_total_adds_the_rows() -> None:
    ledger = {HASH_RESUME: balanced(3), LRU_SIGNAL: balanced(4, lost=1, scheduled=5)}
    total = fold.snapshot(after(begin(), [], reading=reading(ledger))).total
    assert (total.fired, total.scheduled, total.lost) == (7, 8, 1)


def test_equations_are_checked_when_it_is_quiet() -> None:
    events = [event(n) for n in range(3)]
    state = after(begin(), events, reading=reading({HASH_RESUME: balanced(3)}, quiet=True))
    assert state.invariants
    assert all(item.holds for item in state.invariants)
    assert any("=" in item.name for item in state.invariants)
    lost = balanced(3, completed=2, read_ok=2, nofault_ok=3)
    state = after(begin(), events, reading=reading({HASH_RESUME: lost}, quiet=True))
    assert not all(item.holds for item in state.invariants)


def test_while_running_only_inequalities_are_checked() -> None:
    moving = balanced(3, scheduled=2, completed=1)
    state = after(begin(), [], reading=reading({HASH_RESUME: moving}))
    assert all("≤" in item.name and item.holds for item in state.invariants)


def test_while_running_earlier_effects_are_held_against_later_causes() -> None:
    state = after(begin(), [], reading=reading({HASH_RESUME: balanced(9)}))
    state = after(state, [], at_ns=START + 1, reading=reading({HASH_RESUME: balanced(8)}))
    assert {item.name for item in fold.snapshot(state).broken} == {
        "scheduled + not_needed + busy + no_slot + rejected ≤ fired",
        "completed + cancelled + lost ≤ scheduled",
        "emitted + dropped ≤ completed + not_needed",
    }


def test_more_delivered_than_emitted_is_noticed() -> None:
    state = after(begin(), [event(0), event(1)], reading=reading({HASH_RESUME: balanced(1)}))
    state = after(state, [], at_ns=START + 1, reading=reading({HASH_RESUME: balanced(1)}))
    assert "delivered ≤ emitted" in {item.name for item in fold.snapshot(state).broken}


def test_a_quiet_reading_may_run_ahead_of_its_events_but_not_at_the_end() -> None:
    quiet = reading({HASH_RESUME: balanced(2)}, quiet=True)
    state = after(begin(), [event(0)], reading=quiet)
    assert not fold.snapshot(state).broken
    state = after(state, [], at_ns=START + 1, reading=quiet, end=True)
    assert [item.name for item in fold.snapshot(state).broken] == ["emitted = delivered"]


def test_the_end_ends_the_run() -> None:
    assert fold.snapshot(after(begin(), [], end=True)).state is RunState.ENDED


def test_an_announced_mode_is_in_force_until_the_next() -> None:
    state = after(after(begin(), [], mode="signal"), [])
    assert state.mode is Mode.SIGNAL
    assert fold.snapshot(state).plan.mode is Mode.RESUME


def test_captures_keep_their_index() -> None:
    state = after(begin(), [], captures={2: ("probe", "u64(sp)"), 0: ("sample", "str(arg2)")})
    state = after(state, [], captures={300: ("x", "y"), -1: ("x", "y")})
    snapshot = fold.snapshot(state)
    assert snapshot.captures == ("str(arg2)", "", "u64(sp)")
    assert snapshot.triggers == ("sample", "", "probe")


def test_notes_are_bounded() -> None:
    state = begin()
    for number in range(fold.MAX_NOTES + 5):
        state = after(state, [], notes=(f"note {number}",))
    assert len(state.notes) == fold.MAX_NOTES
    assert state.notes[-1] == f"note {fold.MAX_NOTES + 4}"


def test_commands_show_in_the_plan() -> None:
    state = begin()
    capture = parse_capture("none")
    assert fold.commanded(state, SetCapture(0, capture)).plan.watches[0].capture == capture
    kinds = (MapKind.ARRAY,)
    assert fold.commanded(state, SetMapKinds(kinds)).plan.map_kinds == kinds
    assert fold.commanded(state, Stop()).run_state is RunState.ENDING
    assert fold.commanded(state, Probe()) == state


def test_a_failure_keeps_what_was_counted() -> None:
    state = after(begin(), [event(0)], reading=reading({HASH_RESUME: balanced(1)}))
    snapshot = fold.snapshot(fold.failed(state, "what", "how"))
    assert (snapshot.state, snapshot.error, snapshot.hint) == (RunState.FAILED, "what", "how")
    assert snapshot.total.fired == 1


def running_at(state: fold.State, rate: int, seconds: float, step_ms: int = 100) -> fold.State:
    """Readings of a row that counts ``rate`` a second, every ``step_ms``."""
    start = state.at_ns or START
    for step in range(1, round(seconds * 1000 / step_ms) + 1):
        at_ns = start + step * step_ms * 1_000_000
        fired = rate * (at_ns - START) // SECOND
        state = after(state, [], at_ns=at_ns, reading=reading({HASH_RESUME: balanced(fired)}))
    return state


def rates(state: fold.State) -> Rates:
    return fold.snapshot(state).rows[0].rates


def test_rates_span_about_a_second() -> None:
    state = running_at(begin(attached_ns=START), 99, 0.5)
    assert rates(state).fired == pytest.approx(98, abs=1)
    state = running_at(state, 99, 10)
    assert rates(state).completed == pytest.approx(99, abs=1)


def test_rates_fall_to_nothing_within_about_a_second() -> None:
    state = running_at(begin(attached_ns=START), 99, 2)
    last = state.ledger
    for step in range(1, 13):
        at_ns = START + 2 * SECOND + step * SECOND // 10
        state = after(state, [], at_ns=at_ns, reading=reading(dict(last)))
    assert rates(state) == Rates()


def test_a_fast_source_does_not_grow_the_state() -> None:
    state = running_at(begin(attached_ns=START), 1000, 3, step_ms=1)
    assert len(state.pace.recent) < 45
    assert rates(state).fired == pytest.approx(1000, rel=0.05)


def test_history_has_an_entry_a_second_and_at_most_sixty() -> None:
    state = running_at(begin(attached_ns=START), 50, 3.5)
    assert fold.snapshot(state).rows[0].history == (Rates(50.0, 50.0, 50.0),) * 3
    assert len(fold.snapshot(running_at(state, 50, 70)).rows[0].history) == 60


def test_what_was_not_needed_has_a_rate_too() -> None:
    state = after(begin(attached_ns=START), [], at_ns=START, reading=reading())
    ledger = {HASH_RESUME: Counters(fired=30, not_needed=30)}
    state = after(state, [], at_ns=START + SECOND, reading=reading(ledger))
    assert rates(state) == Rates(fired=30.0, not_needed=30.0)


def test_a_gap_fills_the_history_with_its_average() -> None:
    state = after(begin(attached_ns=START), [], at_ns=START, reading=reading())
    ledger = {HASH_RESUME: balanced(40)}
    state = after(state, [], at_ns=START + 4 * SECOND, reading=reading(ledger))
    assert fold.snapshot(state).rows[0].history == (Rates(10.0, 10.0, 10.0),) * 4


def test_time_going_back_changes_no_rate() -> None:
    state = running_at(begin(attached_ns=START), 50, 2)
    back = after(state, [], at_ns=START, reading=reading({HASH_RESUME: balanced(1)}))
    assert rates(back) == rates(state)
    assert back.at_ns == state.at_ns


def with_cost(state: fold.State, at_ns: int, cpu_ns: int) -> fold.State:
    return after(
        state, [], at_ns=at_ns, reading=Reading({}, {}, cpu_ns=cpu_ns, rss_bytes=70, bpf_runs=4, bpf_run_ns=1000)
    )  # fmt: skip


def test_health_adds_both_processes() -> None:
    state = with_cost(begin(attached_ns=START), START + SECOND, 0)
    state = fold.shown(state, OwnUse(at_ns=9 * SECOND, cpu_ns=0, rss_bytes=30))
    state = with_cost(state, START + 2 * SECOND, 100_000_000)
    own = OwnUse(at_ns=10 * SECOND, cpu_ns=50_000_000, rss_bytes=30)
    health = fold.snapshot(state, own).health
    assert health.cpu_percent == pytest.approx(15)
    assert health.rss_bytes == 100
    assert health.bpf_ns_per_event == 250


def test_a_snapshot_right_after_another_keeps_the_share_of_the_core() -> None:
    state = with_cost(begin(attached_ns=START), START + SECOND, 0)
    state = fold.shown(state, OwnUse(at_ns=9 * SECOND))
    own = OwnUse(at_ns=10 * SECOND, cpu_ns=SECOND // 2)
    state = fold.shown(state, own)
    soon = OwnUse(at_ns=own.at_ns + 1_000_000, cpu_ns=own.cpu_ns + 1_000_000)
    assert fold.snapshot(state, soon).health.cpu_percent == pytest.approx(50)


def test_what_the_kernel_does_not_count_is_not_shown_as_zero() -> None:
    assert fold.snapshot(begin()).health.bpf_ns_per_event is None


def test_dropped_shows_in_health() -> None:
    counters = Counters(fired=2, scheduled=2, completed=2, emitted=1, dropped=1)
    state = after(begin(), [], reading=reading({HASH_RESUME: counters}))
    assert fold.snapshot(state).health.dropped == 1
