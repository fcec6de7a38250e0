"""The filtered window: judged bit by bit, it holds what it would hold when judged at once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ui_samples import make_event, make_snapshot

from twtui.model.event import Event
from twtui.model.filter import Filter, parse_filter
from twtui.ui.selection import Selection

RESCUED = parse_filter("rescued")


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 40), st.booleans())
def test_windows_that_move_on(steps: list[int], window: int, filtered: bool) -> None:
    selection = Selection()
    if filtered:
        selection.set_filter(RESCUED)
    seen = 0
    for new in steps:
        seen += new
        numbers = range(max(seen - window, 0) + 1, seen + 1)
        events = tuple(make_event(n, b"x", nofault=-14 * (n % 3 == 0)) for n in numbers)
        selection.take(make_snapshot(events, seen))
        wanted = [n for n in numbers if n % 3 == 0 or not filtered]
        assert list(selection.numbers) == wanted
        assert [selection.event(n) for n in wanted] == selection.events()
        assert selection.index_of(seen + 1) == len(wanted)


def test_each_event_is_judged_once() -> None:
    judged: list[Event] = []

    def judge(event: Event, *_: object) -> bool:
        judged.append(event)
        return True

    selection = Selection()
    selection.set_filter(Filter("all", judge))
    events = tuple(make_event(n) for n in range(1, 101))
    for seen in (50, 80, 80, 100):
        selection.take(make_snapshot(events[:seen]))
    assert judged == list(events)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 40), st.integers(1, 9))
def test_judged_bit_by_bit_it_is_the_same_in_the_end(
    steps: list[int], window: int, most: int
) -> None:
    slowly = Selection()
    slowly.set_filter(RESCUED)
    seen = 0
    for new in steps:
        seen += new
        numbers = range(max(seen - window, 0) + 1, seen + 1)
        events = tuple(make_event(n, b"x", nofault=-14 * (n % 3 == 0)) for n in numbers)
        slowly.take(make_snapshot(events, seen), most)
        wanted = [n for n in numbers if n % 3 == 0]
        found = list(slowly.numbers)
        assert found == wanted[: len(found)]
        assert all(n > slowly.judged for n in wanted[len(found) :])
        assert slowly.behind == max(seen - max(slowly.judged, slowly.first - 1), 0)
    while slowly.behind:
        before = slowly.behind
        slowly.judge(most)
        assert slowly.behind == max(before - most, 0)
    assert list(slowly.numbers) == wanted if steps else not slowly.numbers


def test_a_smaller_number_of_events_is_another_run() -> None:
    selection = Selection()
    selection.set_filter(RESCUED)
    selection.take(make_snapshot(tuple(make_event(n, nofault=-14) for n in range(1, 10))))
    selection.take(make_snapshot((make_event(1),)))
    assert list(selection.numbers) == []
