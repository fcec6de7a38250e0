"""The filter of the monitor: effective while typed, errors at their place, the same for values."""

from __future__ import annotations

from ui_samples import EVENTS, make_event, make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.filter import parse_filter

MANY = tuple(make_event(n, b"/srv/%d" % n, nofault=-14 * (n % 2)) for n in range(1, 101))


async def typed(stage: Stage, text: str) -> None:
    names = {" ": "space", ">": "greater_than_sign", ":": "colon", "/": "slash", "~": "tilde"}
    await stage.press("slash", *(names.get(character, character) for character in text))


def rows(stage: Stage) -> list[str]:
    return [row for row in stage.captured.text.splitlines()[1:] if row.strip()]


async def test_it_takes_effect_while_it_is_typed() -> None:
    async with on_stage(make_snapshot(MANY)) as stage:
        await typed(stage, "rescued")
        assert "50 of the newest 100 events match" in stage.text
        assert "Captured · 50 of the newest 100 match rescued" in stage.text
        assert all("◆" in row for row in rows(stage))
        await stage.press("enter")
        assert not stage.monitor.area.bar.display
        assert stage.monitor.focused is stage.captured
        assert len(stage.captured.selection.events()) == 50


async def test_an_error_is_marked_at_its_place_and_changes_nothing() -> None:
    async with on_stage(make_snapshot(MANY)) as stage:
        await typed(stage, "rescued pid:x")
        line = next(row for row in stage.rows() if "rescued pid:x" in row)
        mark = next(row for row in stage.rows() if "'x' is no PID" in row)
        assert mark.index("^") == line.index("x")
        assert "match rescued pid" in stage.text, "the last valid one stays in force"
        await stage.press("enter")
        assert stage.captured.count == 100
        assert not stage.monitor.area.filter


async def test_escape_takes_back_what_was_typed_then_drops_the_filter() -> None:
    async with on_stage(make_snapshot(MANY), filter=parse_filter("rescued")) as stage:
        assert stage.captured.count == 50
        await typed(stage, " delay>1s")
        assert stage.captured.count == 0
        assert "none of these events matches" in stage.text
        await stage.press("escape")
        assert str(stage.monitor.area.filter) == "rescued"
        assert stage.captured.count == 50
        await stage.press("escape")
        assert stage.captured.count == 100


async def test_letters_are_text_while_a_filter_is_typed() -> None:
    async with on_stage() as stage:
        await typed(stage, "qm")
        assert stage.engine.commands == []
        assert stage.monitor.area.bar.input.value == "qm"
        assert "enter keep" in stage.text


async def test_new_events_are_filtered_and_counted_while_it_is_typed() -> None:
    async with on_stage(make_snapshot(MANY)) as stage:
        await typed(stage, "late")
        assert "0 of the newest 100 events match" in stage.text
        later = make_event(101, b"late one")
        await stage.publish(make_snapshot((*MANY, later)))
        assert "1 of the newest 101 events match" in stage.text
        assert "late one" in rows(stage)[-1]


async def test_rows_stay_in_place_under_a_filter() -> None:
    async with on_stage(make_snapshot(MANY), filter=parse_filter("rescued")) as stage:
        await stage.press("up", "up")
        before = rows(stage)
        more = tuple(make_event(n, b"/srv/%d" % n, nofault=-14) for n in range(51, 171))
        await stage.publish(make_snapshot(more, 170))
        assert rows(stage) == before
        assert stage.captured.current is not None
        assert stage.captured.current[1] == 95
        await stage.press("right", "enter", "left")
        assert "Event 93" in stage.text


async def test_a_filter_works_while_paused() -> None:
    async with on_stage(make_snapshot(MANY)) as stage:
        await stage.press("space")
        await stage.publish(make_snapshot((*MANY, make_event(101, b"new"))))
        await typed(stage, "new")
        assert stage.captured.count == 0
        await stage.press("enter", "space")
        assert stage.captured.count == 1


async def test_values_are_filtered_too() -> None:
    events = tuple(make_event(n, b"value-%d" % (n % 4)) for n in range(40))
    async with on_stage(make_snapshot(events)) as stage:
        await stage.press("g")
        assert "Values · 4 in 40 events" in stage.text
        await typed(stage, "value-3")
        assert "Values · 1 in 10 events that match value-3" in stage.text
        await stage.press("enter", "g")
        assert stage.captured.count == 10


async def test_a_filter_from_the_command_line_is_in_force_at_once() -> None:
    async with on_stage(make_snapshot(EVENTS), filter=parse_filter("gone")) as stage:
        assert "/usr/bin/old" in stage.text
        assert "/etc/hosts" not in stage.text


async def test_hostile_text_in_a_filter_is_escaped() -> None:
    async with on_stage() as stage:
        stage.monitor.area.ask_filter()
        stage.monitor.area.bar.input.value = "[bold]\x1b[31m\u202e"
        await stage.pilot.pause()
        assert "\x1b" not in stage.captured._title[0]
        assert "[bold]" in stage.text
