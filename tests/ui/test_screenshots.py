"""Whole screens against stored SVG files."""

from __future__ import annotations

import pytest
from ui_samples import DEMO, PROCESSES, make_snapshot
from ui_stage import on_stage
from ui_svg import assert_as_stored

from twtui.model.enums import Mode, RunState
from twtui.model.ledger import Invariant
from twtui.model.snapshot import Snapshot

BOTH = (Mode.RESUME, Mode.SIGNAL)
SNAPSHOTS = {
    "live": make_snapshot(),
    "both-modes": make_snapshot(modes=BOTH, info=DEMO),
    "broken": make_snapshot(
        invariants=(Invariant("a", False, "hash resume: scheduled 12,400 ≠ completed 9"),)
    ),
    "failed": make_snapshot(
        state=RunState.FAILED, error="the kernel process ended with status 1", hint="run doctor"
    ),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SNAPSHOTS)
async def test_monitor(name: str, size: tuple[int, int]) -> None:
    snapshot: Snapshot = SNAPSHOTS[name]
    async with on_stage(snapshot, size=size) as stage:
        assert_as_stored(stage.app, f"monitor-{name}-{size[0]}x{size[1]}")


async def test_detail() -> None:
    async with on_stage() as stage:
        stage.captured.move_to(1)
        await stage.press("enter")
        assert_as_stored(stage.app, "detail-120x40")


async def test_help() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("?")
        assert_as_stored(stage.app, "help-80x24")


async def test_picker() -> None:
    async with on_stage(picker=True, size=(80, 24)) as stage:
        await stage.app.workers.wait_for_complete()
        stage.processes = PROCESSES
        stage.picker.table.take(PROCESSES)
        await stage.press("space")
        assert_as_stored(stage.app, "picker-80x24")
