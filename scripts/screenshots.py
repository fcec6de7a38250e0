"""Draws the pictures of the README: over a live run of the demo's workload, and of the tests' scenes. As root."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from textual.app import App

from twtui.backend.live import LiveBackend
from twtui.commands.demo import Workload
from twtui.model.capture import parse_capture
from twtui.model.enums import RunState
from twtui.model.plan import Plan, Target, Watch
from twtui.model.presets import Preset
from twtui.model.trigger import parse_trigger
from twtui.ui.app import TwtuiApp

_PROJECT = Path(__file__).resolve().parent.parent
_PICTURES = _PROJECT / "screenshots"
_SIZE = (120, 36)
_RATE_HZ = 199
_SECONDS_A_MODE = 8


async def _draw_live(workload: Workload) -> None:
    watch = Watch(parse_trigger("sample", _RATE_HZ), parse_capture(workload.capture))

    def defaults(targets: tuple[Target, ...], _: Preset | None = None) -> Plan:
        return Plan(targets, (watch,))

    app = TwtuiApp(lambda _: LiveBackend(), defaults((Target(workload.pid),)), defaults)
    async with app.run_test(size=_SIZE) as pilot:
        while app.last_snapshot is None or app.last_snapshot.state is RunState.STARTING:
            await pilot.pause(0.2)
        await pilot.pause(_SECONDS_A_MODE)
        await pilot.press("m")
        await pilot.pause(_SECONDS_A_MODE)
        _save(app, "monitor")
        await pilot.press("space", "enter")
        await pilot.pause(0.5)
        _save(app, "detail")


async def _draw_scenes() -> None:
    sys.path.insert(0, str(_PROJECT / "tests/ui"))
    from ui_scenes import PICTURES

    for name, (show, size) in PICTURES.items():
        async with show(size) as stage:
            _save(stage.app, name)


def _save(app: App[None], name: str) -> None:
    (_PICTURES / f"{name}.svg").write_text(app.export_screenshot())


def main() -> None:
    """Write every picture."""
    _PICTURES.mkdir(exist_ok=True)
    asyncio.run(_draw_scenes())
    with Workload() as workload:
        asyncio.run(_draw_live(workload))


if __name__ == "__main__":
    main()
