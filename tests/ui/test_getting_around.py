"""Ways round the monitor: zoom, focus, help, the event under the cursor, the palette, and out."""

from __future__ import annotations

import pytest
from ui_samples import (
    EVENTS,
    make_event,
    make_snapshot,
)
from ui_stage import on_stage

from twtui.model.enums import Mode
from twtui.model.plan import Probe, SetMode
from twtui.ui.screens.dialog import LinesDialog
from twtui.ui.screens.picker import PickerScreen


async def test_zoom_gives_the_focused_pane_the_screen_and_back() -> None:
    async with on_stage() as stage:
        await stage.press("z")
        assert "Callbacks" not in stage.text
        assert "Latency" not in stage.text
        assert "Captured" in stage.text
        await stage.press("z")
        assert "Callbacks" in stage.text
        stage.monitor.latency.focus()
        await stage.press("z")
        assert "Reads" not in stage.text
        assert stage.monitor.latency.size.height > 30
        assert "p99" in stage.text


async def test_tab_goes_round_the_panes() -> None:
    async with on_stage() as stage:
        seen = []
        for _ in range(4):
            await stage.press("tab")
            assert stage.monitor.focused is not None
            seen.append(stage.monitor.focused.id)
        assert seen == ["callbacks", "latency", "reads", "captured"]


async def test_help_shows_every_key_and_closes() -> None:
    async with on_stage(size=(120, 60)) as stage:
        await stage.press("?")
        assert isinstance(stage.app.screen, LinesDialog)
        assert "Switch between resume and signal mode" in stage.text
        assert "Keys, picker" in stage.text
        await stage.press("end")
        assert "the sum adds up" in stage.text
        await stage.press("escape")
        assert not isinstance(stage.app.screen, LinesDialog)


async def test_detail_shows_the_event_under_the_cursor() -> None:
    async with on_stage() as stage:
        stage.captured.move_to(1)
        await stage.press("enter")
        text = stage.text
        assert "Event 2" in text
        assert "io_thd_1  4244 of process 4242" in text
        assert "rescued: not resident at the trigger, read later" in text
        assert "EFAULT" in text
        assert "2f 76 61 72 2f 6c 69 62  2f 72 65 64 69 73 2f 64" in text
        assert "/var/lib/redis/d" in text
        await stage.press("right")
        assert "Event 3" in stage.text
        assert r"\x1b[31mnot red" in stage.text
        await stage.press("left", "left")
        assert "Event 1" in stage.text


async def test_an_open_detail_stays_while_events_come() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        assert "Event 7" in stage.text
        await stage.publish(make_snapshot((*EVENTS, make_event(8))))
        assert "Event 7" in stage.text
        await stage.press("escape")
        assert stage.captured.following
        await stage.press("enter", "left", "escape")
        assert not stage.captured.following


async def test_p_ends_the_run_and_goes_to_the_picker() -> None:
    async with on_stage() as stage:
        await stage.press("p")
        await stage.app.workers.wait_for_complete()
        assert isinstance(stage.app.screen, PickerScreen)
        assert stage.engine.stops >= 1


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_never_asks_and_ends_the_run(key: str) -> None:
    async with on_stage() as stage:
        await stage.pilot.press(key)
        await stage.pilot.pause()
    assert not stage.app.is_running
    assert stage.engine.stops >= 1


async def test_q_leaves_from_a_dialog_too() -> None:
    async with on_stage() as stage:
        await stage.press("?")
        await stage.pilot.press("q")
        await stage.pilot.pause()
    assert stage.engine.stops >= 1


async def test_the_palette_offers_the_actions_of_the_table() -> None:
    async with on_stage() as stage:
        titles = [command.title for command in stage.app.get_system_commands(stage.monitor)]
        assert "Switch between resume and signal mode (m)" in titles
        assert "Theme" in titles
        command = next(c for c in stage.app.get_system_commands(stage.monitor) if "(m)" in c.title)
        await command.callback()
        assert stage.engine.commands == [SetMode(Mode.SIGNAL)]


async def test_a_click_on_a_hint_does_what_its_key_does() -> None:
    async with on_stage() as stage:
        row = len(stage.rows()) - 1
        await stage.pilot.click(offset=(stage.rows()[row].index("c probe"), row))
        assert stage.engine.commands == [Probe()]


async def test_a_second_click_on_a_row_opens_it() -> None:
    async with on_stage() as stage:
        await stage.pilot.click("#captured", offset=(10, 3), times=2)
        await stage.pilot.pause()
        assert "Event 2" in stage.text
