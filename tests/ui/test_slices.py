"""Windows of many events: looked at a slice at a time, with all of it on the screen in the end."""

from __future__ import annotations

import asyncio

import pytest
from ui_samples import make_event, make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.event import Event
from twtui.model.snapshot import Snapshot
from twtui.ui.selection import SLICE
from twtui.ui.widgets.sliced import SlicedPane

MANY = 5 * SLICE + 7
_PATIENCE_S = 60.0


def many(first: int = 1, number: int = MANY) -> Snapshot:
    """Every third event was rescued; there are ten values."""
    events: tuple[Event, ...] = tuple(
        make_event(n, b"value %d" % (n % 10), nofault=-14 if n % 3 == 0 else 7)
        for n in range(first, first + number)
    )
    return make_snapshot(events, first + number - 1)


async def done(stage: Stage, rows: SlicedPane) -> None:
    """Wait for the slices of a list."""
    async with asyncio.timeout(_PATIENCE_S):
        await stage.app.workers.wait_for_complete()
    assert not rows.behind
    await stage.pilot.pause()


async def test_a_filter_is_in_force_at_once_and_complete_soon() -> None:
    async with on_stage(many()) as stage:
        await stage.press("slash", *"rescued")
        await done(stage, stage.captured)
        wanted = MANY // 3
        assert stage.captured.count == wanted
        assert f"{wanted:,} of the newest {MANY:,} events match" in stage.text
        assert f"Captured · {wanted:,} of the newest {MANY:,} match rescued" in stage.text


async def test_the_cursor_can_move_before_a_window_is_judged() -> None:
    async with on_stage(many()) as stage:
        await stage.press("slash", *"rescued", "enter")
        await done(stage, stage.captured)
        stage.engine.publish(many(MANY + 1))
        stage.monitor.tick()
        assert stage.captured.behind
        stage.captured.action_first()
        await done(stage, stage.captured)
        assert stage.captured.cursor == 0
        assert stage.captured.count == sum(event.rescued for event in many(MANY + 1).events)


async def test_whoever_reads_stays_at_the_event_although_it_is_judged_late() -> None:
    async with on_stage(many()) as stage:
        await stage.press("up", "up")
        place = stage.captured.current
        assert place is not None
        await stage.press("slash", *"!rescued", "enter")
        await done(stage, stage.captured)
        found = stage.captured.current
        assert found is not None
        assert found[1] in (place[1], place[1] + 1)


async def test_values_count_every_event_of_a_large_window() -> None:
    async with on_stage(many()) as stage:
        await stage.press("g")
        groups = stage.monitor.area.groups
        await done(stage, groups)
        assert f"Values · 10 in {MANY:,} events" in stage.text
        await stage.publish(many(MANY + 1))
        await done(stage, groups)
        assert f"Values · 10 in {2 * MANY:,} events" in stage.text


@pytest.mark.parametrize("key", ["g", "slash"])
async def test_an_export_never_waits_for_the_slices(key: str) -> None:
    async with on_stage(many()) as stage:
        await stage.press(*(("g",) if key == "g" else ("slash", *"rescued", "enter")))
        await stage.publish(many(MANY + 1))
        found = stage.monitor.area.matching()
        assert found is not None
        assert len(found[1]) == (MANY if key == "g" else sum(e.rescued for e in found[0].events))


async def test_what_left_the_window_before_it_was_counted_is_said() -> None:
    async with on_stage(many()) as stage:
        await stage.press("g")
        await done(stage, stage.monitor.area.groups)
        await stage.publish(many(MANY + 101))
        await done(stage, stage.monitor.area.groups)
        assert "100 that left the view before they could be counted" in stage.text


async def test_while_the_order_is_held_new_values_come_last_and_are_bounded() -> None:
    async with on_stage(many()) as stage:
        await stage.press("g")
        groups = stage.monitor.area.groups
        await done(stage, groups)
        await stage.press("down")
        held = [groups.row(index, 120)[-1] for index in range(groups.count)]
        seen = MANY
        for _ in range(9):
            numbers = range(seen + 1, seen + 1_001)
            seen += 1_000
            await stage.publish(
                make_snapshot(tuple(make_event(n, b"new %d" % n) for n in numbers), seen)
            )
            await done(stage, groups)
        assert [groups.row(index, 120)[-1] for index in range(len(held))] == held
        assert groups.count <= 4_001
        await stage.press("f")
        assert groups.count <= 2_001
