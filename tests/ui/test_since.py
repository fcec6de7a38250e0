"""Counting from 0 on the screen: differences that still add up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from ui_samples import COUNTERS, make_row, make_snapshot
from ui_stage import on_stage

from twtui.model.enums import MapKind, Mode
from twtui.model.ledger import Counters
from twtui.ui.since import since

_ROW = (MapKind.HASH, Mode.RESUME)
_parts = st.tuples(*[st.integers(0, 100)] * 4)


def counters(parts: tuple[int, ...]) -> Counters:
    completed, pending, cancelled, lost = parts
    return Counters(
        fired=sum(parts), scheduled=sum(parts), completed=completed, pending=pending,
        cancelled=cancelled, lost=lost,
    )  # fmt: skip


@settings(deadline=None)
@given(_parts, _parts)
def test_the_sum_still_holds(first: tuple[int, ...], more: tuple[int, ...]) -> None:
    earlier = counters(first)
    later = counters((first[0] + more[0], more[1], first[2] + more[2], first[3] + more[3]))
    # what was in flight has gone on somehow; let it have completed
    later = replace(later, completed=later.completed + first[1])
    total = later.completed + later.pending + later.cancelled + later.lost
    later = replace(later, scheduled=total, fired=total)
    shown = since(
        make_snapshot(rows=(make_row(*_ROW, later),)),
        make_snapshot(rows=(make_row(*_ROW, earlier),)),
    ).rows[0]
    found = shown.counters
    assert found.scheduled == found.completed + found.pending + found.cancelled + found.lost
    assert found.pending == later.pending
    assert found.fired == found.scheduled


async def test_x_counts_from_0_and_shift_x_shows_everything_again() -> None:
    async with on_stage() as stage:
        await stage.press("x")
        assert "Callbacks · since 00:01:23" in stage.text
        assert "✓ scheduled 0 = completed 0 + pending 0 + cancelled 0 + lost 0" in stage.text
        assert "no callback has run yet" in stage.text
        more = replace(COUNTERS, scheduled=COUNTERS.scheduled + 5, completed=COUNTERS.completed + 5)
        rows = tuple(make_row(kind, Mode.RESUME, more) for kind in MapKind)
        await stage.publish(make_snapshot(rows=rows))
        assert "✓ scheduled 15 = completed 15" in stage.text
        await stage.press("X")
        assert "since 00:01:23" not in stage.text
        assert "Callbacks" in stage.text


async def test_a_reset_also_begins_the_values_anew() -> None:
    async with on_stage() as stage:
        await stage.press("g", "x")
        assert "Values · 7 in 7 events" in stage.text
