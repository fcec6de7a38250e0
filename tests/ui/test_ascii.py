"""With ASCII signs nothing of ours is outside ASCII: screens, dialogs, palette, messages."""

from __future__ import annotations

import pytest
from ui_samples import PROCESSES, VERIFIER_LOG, make_snapshot
from ui_scenes import BOTH, make_findings
from ui_stage import Stage, on_stage

from twtui.model.enums import RunState
from twtui.model.ledger import Counters, invariants
from twtui.model.playback import Playback
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.ui.glyphs import ASCII

RECORDED = make_snapshot(
    info=BackendInfo("replay", reason="shop.twtui"), playback=Playback(9, 60, 0.5, True, False)
)
BROKEN = make_snapshot(invariants=invariants(Counters(fired=9)))
FAILED = make_snapshot(state=RunState.FAILED, error="it failed", log=VERIFIER_LOG)
SIZES = [(80, 24), (120, 40)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def outside(stage: Stage) -> list[str]:
    return [row for row in stage.rows() if not row.isascii()]


async def shown(stage: Stage, words: str) -> None:
    """Messages and palettes come some turns of the loop later."""
    for _ in range(200):
        if words in stage.text:
            return
        await stage.pilot.pause()
    raise AssertionError(f"not shown: {words}\n{stage.text}")


@by_size
@pytest.mark.parametrize(
    "snapshot",
    [make_snapshot(modes=BOTH), RECORDED, BROKEN, FAILED],
    ids=["live", "recorded", "broken", "failed"],
)
async def test_the_monitor(snapshot: Snapshot, size: tuple[int, int]) -> None:
    async with on_stage(snapshot, glyphs=ASCII, size=size) as stage:
        assert outside(stage) == []


async def test_a_sum_that_does_not_add_up() -> None:
    async with on_stage(BROKEN, glyphs=ASCII) as stage:
        assert "fired 9 != scheduled 0" in stage.text


@by_size
@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("?", "Help - up down scroll"),
        ("enter", "left right step"),
        ("g", "Values"),
        ("slash", "keep"),
        ("e", "Export"),
        ("m", "Signal mode can hit"),
        ("ctrl+p", "Compare latencies by mode"),
    ],
)
async def test_what_the_keys_of_the_monitor_open(
    key: str, words: str, size: tuple[int, int]
) -> None:
    async with on_stage(glyphs=ASCII, size=size) as stage:
        await stage.press(key)
        await shown(stage, words)
        assert outside(stage) == []


async def test_the_whole_help() -> None:
    async with on_stage(glyphs=ASCII, size=(120, 40)) as stage:
        await stage.press("?")
        for _ in range(6):
            assert outside(stage) == []
            await stage.press("pagedown")
        assert "Signs" in stage.text


@by_size
async def test_the_palette_of_themes(size: tuple[int, int]) -> None:
    async with on_stage(glyphs=ASCII, size=size) as stage:
        stage.app.action_change_theme()
        await shown(stage, "Search for themes...")
        assert outside(stage) == []


@by_size
async def test_the_picker(size: tuple[int, int]) -> None:
    async with on_stage(glyphs=ASCII, size=size, picker=True) as stage:
        await stage.app.workers.wait_for_complete()
        stage.picker.table.take(PROCESSES)
        for keys in ((), ("right",), ("f5",), ("space",), ("n", "o", "b", "o"), ("f1",)):
            await stage.press(*keys)
            assert outside(stage) == []


@by_size
async def test_the_first_screen_where_something_is_missing(size: tuple[int, int]) -> None:
    async with on_stage(glyphs=ASCII, size=size, picker=True, findings=make_findings()) as stage:
        for keys in ((), ("r",), ("escape", "c"), ("?",)):
            await stage.press(*keys)
            assert outside(stage) == []


@pytest.mark.parametrize("severity", ["information", "warning", "error"])
async def test_messages(severity: str) -> None:
    async with on_stage(glyphs=ASCII) as stage:
        stage.app.notify("Looking again\u2026", severity=severity)
        await shown(stage, "Looking again...")
        assert outside(stage) == []


async def test_arrow_keys_are_named() -> None:
    async with on_stage(RECORDED, glyphs=ASCII, size=(80, 24)) as stage:
        assert "left right 5 s" in stage.rows()[-1]
        assert "q quit" in stage.rows()[-1]
