"""The monitor over a recording: play and hold, wind, step, speed, and where it stands."""

from __future__ import annotations

import pytest
from ui_samples import make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.playback import Play, Playback, Seek, SetSpeed, Step
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.ui.keys import KEYS

REPLAY = BackendInfo("replay", reason="shop.twtui")
MINUTE_NS = 60_000_000_000


def recorded(at_s: float = 30, playing: bool = True, speed: float = 1.0) -> Snapshot:
    playback = Playback(int(at_s * 1e9), MINUTE_NS, speed, playing, at_s >= 60)
    return make_snapshot(info=REPLAY, playback=playback)


async def test_where_it_stands_is_shown() -> None:
    async with on_stage(recorded()) as stage:
        assert "▸ 00:00:30 of 00:01:00" in stage.text
        assert "REPLAY: shop.twtui" in stage.text
        bar = next(row for row in stage.rows() if "REPLAY" in row)
        bar = bar[bar.index("─") :]
        assert abs(bar.index("●") - len(bar) // 2) <= 1
        assert "space play" in stage.text
        assert "m mode" not in stage.text
        await stage.publish(recorded(playing=False, speed=0.5))
        assert "‖ 00:00:30 of 00:01:00 x0.5" in stage.text
        await stage.publish(recorded(60, playing=False))
        assert "■ 00:01:00 of 00:01:00" in stage.text


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("space", Play(False)),
        ("left", Seek(25_000_000_000)),
        ("right", Seek(35_000_000_000)),
        ("comma", Step(-1)),
        ("full_stop", Step(1)),
        ("less_than_sign", SetSpeed(0.5)),
        ("greater_than_sign", SetSpeed(2.0)),
    ],
)
async def test_keys_move_in_the_recording(key: str, command: object) -> None:
    async with on_stage(recorded()) as stage:
        await stage.press(key)
        assert stage.engine.commands == [command]


async def test_the_keys_do_nothing_in_a_live_run() -> None:
    async with on_stage() as stage:
        await stage.press("left", "right", "comma", "full_stop", "less_than_sign")
        assert stage.engine.commands == []
        assert stage.toasts == []


UNABLE = ("m", "1", "0", "c", "r")
"""Keys that would change a run."""


@pytest.mark.parametrize("snapshot", [recorded(), make_snapshot(info=REPLAY)])
async def test_nothing_is_said_of_what_a_change_would_do_as_there_is_none(
    snapshot: Snapshot,
) -> None:
    async with on_stage(snapshot) as stage:
        await stage.press(*UNABLE)
        assert stage.engine.commands == []
        nothing = "Nothing changed: this is a recording."
        assert stage.toasts == [*[nothing] * 4, "This is a recording already."]


@pytest.mark.parametrize("snapshot", [recorded(), make_snapshot(info=REPLAY)])
async def test_keys_that_cannot_work_are_offered_nowhere(snapshot: Snapshot) -> None:
    sentences = [
        key.description
        for key in KEYS
        if key.id in ("mode", "map.hash", "map.all", "probe", "record")
    ]
    async with on_stage(snapshot, size=(160, 50)) as stage:
        hints = stage.rows()[-1]
        assert "p picker" in hints
        assert not any(f" {hint}" in hints for hint in ("m mode", "0 maps", "c probe", "r record"))
        titles = [command.title for command in stage.app.get_system_commands(stage.monitor)]
        assert any("Group the events" in title for title in titles)
        lines = await whole_help(stage)
        for sentence in sentences:
            assert not any(sentence in text for text in (*titles, *lines)), sentence


async def whole_help(stage: Stage) -> list[str]:
    await stage.pilot.resize_terminal(160, 200)
    await stage.press("?")
    return stage.rows()


async def test_where_there_is_nothing_to_pick_no_key_leads_to_a_picker() -> None:
    async with on_stage(recorded(), can_pick=False, size=(160, 50)) as stage:
        assert "picker" not in stage.rows()[-1]
        await stage.press("p")
        assert stage.app.screen is stage.monitor
        assert stage.engine.stops == 0
        assert "start twtui to watch" in stage.toasts[0]
        titles = [command.title for command in stage.app.get_system_commands(stage.monitor)]
        assert not any(
            "pick other processes" in text for text in (*titles, *await whole_help(stage))
        )


async def test_help_begins_with_the_keys_of_the_replay() -> None:
    async with on_stage(recorded()) as stage:
        await stage.press("?")
        assert "Keys, monitor, over a recording" in stage.text


async def test_a_jump_back_shows_the_events_of_then() -> None:
    async with on_stage(recorded()) as stage:
        earlier = recorded(1)
        await stage.publish(make_snapshot(earlier.events[:2], playback=earlier.playback))
        assert "Captured · 2 events" in stage.text
