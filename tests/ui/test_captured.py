"""The list of captured events: harmless text, aligned columns, and rows that stay where they are."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from ui_samples import EVENTS, make_event, make_plan, make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.enums import TargetState
from twtui.model.event import Event
from twtui.model.snapshot import TargetView


def many(first: int, last: int) -> tuple[Event, ...]:
    return tuple(make_event(number, b"event-%d" % number) for number in range(first, last + 1))


def list_rows(stage: Stage) -> list[str]:
    return stage.captured.text.splitlines()


async def test_newest_events_are_in_view_oldest_first() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        rows = list_rows(stage)
        assert "event-100" in rows[-1]
        assert "event-99" in rows[-2]


async def test_following_goes_on_with_new_events() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        await stage.publish(make_snapshot(many(51, 150), 150))
        assert "event-150" in list_rows(stage)[-1]
        assert "150 events · following" in stage.text


async def test_reading_older_events_keeps_every_row_in_place() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        await stage.press("up", "up")
        before = list_rows(stage)
        assert "at 98, 2 newer" in stage.text
        await stage.publish(make_snapshot(many(51, 150), 150))
        assert list_rows(stage) == before
        assert "at 98, 52 newer" in stage.text
        await stage.press("down")
        assert stage.captured.current is not None
        assert stage.captured.current[1] == 99


async def test_a_window_that_has_lost_the_rows_in_view_is_not_taken() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        await stage.press("up")
        before = list_rows(stage)
        await stage.publish(make_snapshot(many(9_901, 10_000), 10_000))
        assert list_rows(stage) == before
        await stage.press("f")
        assert "event-10000" in list_rows(stage)[-1]


@pytest.mark.parametrize("key", ["f", "end"])
async def test_follow_keys_go_back_to_the_newest(key: str) -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        await stage.press("home")
        assert "event-1 " in list_rows(stage)[1].replace('"', " ")
        await stage.press(key)
        assert stage.captured.following
        assert "event-100" in list_rows(stage)[-1]


async def test_f_also_stops_the_following() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        await stage.press("f")
        before = list_rows(stage)
        await stage.publish(make_snapshot(many(2, 101), 101))
        assert list_rows(stage) == before


async def test_pages_overlap_by_one_row() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        visible = stage.captured.visible_rows
        await stage.press("home", "pagedown")
        assert stage.captured.cursor == visible - 1
        await stage.press("pageup")
        assert stage.captured.cursor == 0


async def test_the_wheel_moves_the_view() -> None:
    async with on_stage(make_snapshot(many(1, 100))) as stage:
        stage.captured.scroll_rows(-3)
        await stage.pilot.pause()
        assert "event-97" in list_rows(stage)[-1]
        assert not stage.captured.following


async def test_a_click_puts_the_cursor_there() -> None:
    async with on_stage(make_snapshot(many(1, 5))) as stage:
        await stage.pilot.click("#captured", offset=(10, 3))
        assert stage.captured.cursor == 1


async def test_hostile_bytes_never_reach_the_terminal_raw() -> None:
    async with on_stage() as stage:
        text = stage.text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert r"\x1b[31mnot red\x1b[0m [bold]x[/] \u202e\xff" in text


async def test_what_is_special_about_an_event_is_a_sign_and_a_word() -> None:
    async with on_stage(size=(160, 50)) as stage:
        rows = list_rows(stage)
        rescued = next(row for row in rows if "dump.rdb" in row)
        assert '◆ "/var/lib/redis/dump.rdb"' in rescued
        assert any('aaa…"  64 of 4,096 B' in row for row in rows)
        assert any("✗ EFAULT" in row for row in rows)
        gone = next(row for row in rows if "/usr/bin/old" in row)
        assert "=" in gone
        assert "memory gone" in gone
        assert "direct" in next(row for row in rows if "/etc/hosts" in row)


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
async def test_data_starts_in_one_column_whatever_the_names(width: int) -> None:
    names = [
        b"a",
        "日本語プロセス名です長い".encode(),
        b"\x1b[2J",
        b"abcdefghijklmno",
        b"e\xcc\x81x",
    ]
    events = tuple(
        make_event(n, b"data", comm=name, tid=10 ** (n % 7)) for n, name in enumerate(names)
    )
    async with on_stage(make_snapshot(events), size=(width, 40)) as stage:
        rows = [row for row in list_rows(stage) if '"data"' in row]
        assert len(rows) == len(names)
        assert len({cell_len(row[: row.index('"data"')]) for row in rows}) == 1


async def test_before_the_first_event_the_pane_says_what_it_waits_for() -> None:
    async with on_stage(make_snapshot(())) as stage:
        assert "waiting for the first trigger" in stage.text
        await stage.press("enter", "up", "f")
        assert "No event to show yet." in stage.toasts
    async with on_stage(make_snapshot((), plan=make_plan(trigger="probe"))) as stage:
        assert "press c to schedule" in stage.text
    asleep = TargetView(4242, "redis-server", 5, TargetState.SLEEPING)
    async with on_stage(make_snapshot((), targets=(asleep,))) as stage:
        assert "the target sleeps, so nothing triggers; press c to probe" in stage.text


async def test_numbers_are_shown_as_numbers() -> None:
    event = make_event(1, (1234).to_bytes(8, "little"))
    snapshot = make_snapshot((event,), captures=("u64(arg1)",))
    async with on_stage(snapshot) as stage:
        assert "1,234 (0x4d2)" in stage.text


async def test_times_are_local_and_delays_have_units() -> None:
    async with on_stage(make_snapshot(EVENTS[:1])) as stage:
        row = list_rows(stage)[1]
        assert row.startswith("12:01:03.001    4243 bio_lazy_free")
        assert "12 µs" in row
