"""A stage for the tests: the application over an engine that publishes what the test hands it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from textual.pilot import Pilot
from ui_samples import make_plan, make_snapshot, plan_of

from twtui.backend.base import Backend
from twtui.engine import Engine, Observer, Publish
from twtui.model.plan import Command, Plan
from twtui.model.snapshot import Snapshot
from twtui.processes import ProcessRow
from twtui.ui.app import TwtuiApp
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.screens.picker import PickerScreen
from twtui.ui.widgets.event_list import EventList

PATIENCE_S = 60.0
"""How long to wait for what must come."""


class ScriptedEngine:
    """Publishes one snapshot at the start, the others when the test says so; keeps the commands."""

    def __init__(self, plan: Plan, publish: Publish, first: Snapshot | None) -> None:
        self.plan = plan
        self.publish = publish
        self.first = first
        self.started = threading.Event()
        self.stops = 0
        self.commands: list[Command] = []

    def start(self) -> None:
        if self.first is not None:
            self.publish(self.first)
        self.started.set()

    def submit(self, command: Command) -> None:
        self.commands.append(command)

    def stop(self) -> None:
        self.stops += 1


class Stage:
    """The running application, its engines in the order of their making, and its pilot."""

    def __init__(self, app: TwtuiApp, pilot: Pilot[None], engines: list[ScriptedEngine]) -> None:
        self.app = app
        self.pilot = pilot
        self.engines = engines
        self.processes: list[ProcessRow] = []

    @property
    def engine(self) -> ScriptedEngine:
        return self.engines[-1]

    @property
    def monitor(self) -> MonitorScreen:
        return next(s for s in self.app.screen_stack if isinstance(s, MonitorScreen))

    @property
    def picker(self) -> PickerScreen:
        return next(s for s in self.app.screen_stack if isinstance(s, PickerScreen))

    @property
    def captured(self) -> EventList:
        return self.monitor.captured

    async def publish(self, snapshot: Snapshot) -> None:
        self.engine.publish(snapshot)
        self.monitor.tick()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what another thread brings about; fail when it does not come."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await self.pilot.pause(0.02)

    def rows(self) -> list[str]:
        """The screen as text, a string for each row."""
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.rows())

    @property
    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]


@contextmanager
def _utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def no_backend(_plan: Plan) -> Backend:
    """The scripted engine needs none."""
    return cast(Backend, object())


@asynccontextmanager
async def on_stage(
    first: Snapshot | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    plan: Plan | None = None,
    picker: bool = False,
    make_backend: Callable[[Plan], Backend] = no_backend,
    list_processes: Callable[[], list[ProcessRow]] | None = None,
    glyphs: Glyphs = UNICODE,
    **more: Any,
) -> AsyncIterator[Stage]:
    """The application on its monitor, showing ``first``; or on its picker."""
    engines: list[ScriptedEngine] = []
    stages: list[Stage] = []
    if first is None and not picker:
        first = make_snapshot()
    plan = plan or (first.plan if first else make_plan())

    def make_engine(
        _backend: Backend, plan: Plan, publish: Publish, _observers: Sequence[Observer]
    ) -> Engine:
        engines.append(ScriptedEngine(plan, publish, first))
        return cast(Engine, engines[-1])

    app = TwtuiApp(
        make_backend,
        None if picker else plan,
        plan_of,
        glyphs=glyphs,
        make_engine=make_engine,
        list_processes=list_processes or (lambda: stages[0].processes if stages else []),
        **more,
    )
    with _utc():
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = Stage(app, cast("Pilot[Any]", pilot), engines)
            stages.append(stage)
            await pilot.pause()
            if not picker and make_backend is no_backend:
                await started(stage)
            yield stage


async def started(stage: Stage) -> None:
    """Wait for the run's thread, which makes the engine, then show what it published."""
    run = stage.app.run_now
    assert run is not None
    run.join()
    if stage.engines:
        assert stage.engine.started.is_set()
    stage.monitor.tick()
    await stage.pilot.pause()
