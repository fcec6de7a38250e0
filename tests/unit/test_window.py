"""The window of newest events: as a tuple of all of them, cut to its length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.model.window import EventWindow
from twtui.wire.layout import Records, pack_record

from .support import event

RUNS = st.lists(st.integers(0, 700), max_size=8)


@given(RUNS, st.integers(1, 1500))
def test_it_is_the_newest_of_all(sizes: list[int], most: int) -> None:
    window = EventWindow()
    every: list[int] = []
    for size in sizes:
        run = [event(len(every) + number) for number in range(size)]
        every += range(len(every), len(every) + size)
        window = window.with_events(run, most)
    wanted = tuple(event(number) for number in every[-most:])
    assert len(window) == len(wanted)
    assert tuple(window) == window[:] == wanted
    assert window == wanted
    for start in (0, 1, len(wanted) // 2, len(wanted)):
        assert window[start:] == wanted[start:]
    assert window[-3:-1] == wanted[-3:-1]
    assert window[::2] == wanted[::2]
    if wanted:
        assert (window[0], window[-1]) == (wanted[0], wanted[-1])


def test_the_old_one_stays_as_it_was() -> None:
    before = EventWindow().with_events([event(0), event(1)], 2)
    after = before.with_events([event(2)], 2)
    assert before == (event(0), event(1))
    assert after == (event(1), event(2))


@pytest.mark.parametrize("index", [2, -3])
def test_what_is_not_there_is_an_error(index: int) -> None:
    with pytest.raises(IndexError):
        EventWindow().with_events([event(0), event(1)], 9)[index]


def test_records_are_not_decoded_before_they_are_looked_at() -> None:
    records = Records(b"".join(pack_record(event(number)) for number in range(2000)))
    window = EventWindow().with_events(records, 1000)
    assert window._runs == (records,)
    assert window[999].trigger_ns == event(1999).trigger_ns
