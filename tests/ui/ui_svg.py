"""Compares screenshots with stored SVG files, without what differs from run to run.

TWTUI_UPDATE_SNAPSHOTS=1 writes them anew (make screenshots for those of the README); look at the difference before keeping it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"
PICTURES_FOLDER = Path(__file__).parents[2] / "screenshots"


def normalised(svg: str) -> str:
    """The SVG without ids made up from its content, and a line per element so that it can be compared."""
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return re.sub(r"\n*(<(?:text|rect|g|clipPath)\b)", r"\n\1", svg).strip() + "\n"


def assert_as_stored(app: App[None], name: str, folder: Path = FOLDER) -> None:
    """Fail when the screen differs from ``<name>.svg`` in the folder."""
    path = folder / f"{name}.svg"
    found = normalised(app.export_screenshot())
    if os.environ.get("TWTUI_UPDATE_SNAPSHOTS"):
        path.write_text(found, encoding="utf-8")
        return
    assert path.exists(), f"{path.name} is not stored: run with TWTUI_UPDATE_SNAPSHOTS=1"
    expected = normalised(path.read_text(encoding="utf-8"))
    if found != expected:
        pairs = zip(expected.splitlines(), found.splitlines(), strict=False)
        first = next(((a, b) for a, b in pairs if a != b), ("", "a different length"))
        raise AssertionError(f"{name} differs\nstored: {first[0]}\nnow:    {first[1]}")
