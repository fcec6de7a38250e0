"""Whole screens against stored SVG files, in three sizes."""

from __future__ import annotations

import pytest
from ui_samples import make_snapshot
from ui_scenes import BOTH, PICTURES, SCENES, Size, findings, monitor, picker
from ui_stage import on_stage
from ui_svg import PICTURES_FOLDER, assert_as_stored

from twtui.model.enums import MapKind
from twtui.ui.glyphs import ASCII

SIZES = [(80, 24), (120, 40), (200, 60)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@by_size
@pytest.mark.parametrize("name", SCENES)
async def test_monitor(name: str, size: Size) -> None:
    async with monitor(name)(size) as stage:
        assert_as_stored(stage.app, f"monitor-{name}-{size[0]}x{size[1]}")


async def test_by_map_kind() -> None:
    async with on_stage(make_snapshot(modes=BOTH)) as stage:
        await stage.press("l")
        assert_as_stored(stage.app, "monitor-by-kind-120x40")


async def test_ascii() -> None:
    async with on_stage(make_snapshot(modes=BOTH), glyphs=ASCII, size=(80, 24)) as stage:
        assert_as_stored(stage.app, "monitor-ascii-80x24")


async def test_light() -> None:
    async with on_stage(make_snapshot(modes=BOTH)) as stage:
        stage.app.theme = "twtui-light"
        await stage.pilot.pause()
        assert_as_stored(stage.app, "monitor-light-120x40")


async def test_help() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("?")
        assert_as_stored(stage.app, "help-80x24")


@by_size
async def test_picker(size: Size) -> None:
    async with picker(size) as stage:
        assert_as_stored(stage.app, f"picker-{size[0]}x{size[1]}")


@by_size
async def test_findings(size: Size) -> None:
    async with findings(size) as stage:
        assert_as_stored(stage.app, f"findings-{size[0]}x{size[1]}")


@pytest.mark.parametrize("name", PICTURES)
async def test_the_pictures_for_people_are_of_these_scenes(name: str) -> None:
    show, size = PICTURES[name]
    async with show(size) as stage:
        assert_as_stored(stage.app, name, PICTURES_FOLDER)


def test_every_map_kind_is_in_the_scenes() -> None:
    assert {row.row[0] for row in SCENES["live"].snapshot.rows} == set(MapKind)
