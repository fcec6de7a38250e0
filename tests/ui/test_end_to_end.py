"""The application over the real engine and the demo backend: pick, run, switch, probe, leave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from ui_samples import make_plan, plan_of
from ui_stage import Stage

from twtui.backend.base import Backend
from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.backend.replay import ReplayBackend
from twtui.commands.demo import RECORDING
from twtui.engine import Engine, Observer, Publish
from twtui.model.enums import Mode, RunState
from twtui.model.plan import Plan
from twtui.model.snapshot import Snapshot
from twtui.ui.app import TwtuiApp

_PATIENCE_S = 60.0


class Watcher:
    """Wakes a test when a snapshot that it waits for is published."""

    def __init__(self) -> None:
        self._published = threading.Condition()
        self._latest: Snapshot | None = None

    def make_engine(
        self, backend: Backend, plan: Plan, publish: Publish, observers: Sequence[Observer]
    ) -> Engine:
        def see(snapshot: Snapshot) -> None:
            publish(snapshot)
            with self._published:
                self._latest = snapshot
                self._published.notify_all()

        return Engine(backend, plan, see, observers=observers)

    async def until(self, wanted: Callable[[Snapshot], bool]) -> None:
        def wait() -> bool:
            with self._published:
                return self._published.wait_for(
                    lambda: self._latest is not None and wanted(self._latest), _PATIENCE_S
                )

        assert await asyncio.to_thread(wait)


async def test_a_run_from_start_to_end() -> None:
    watcher = Watcher()
    app = TwtuiApp(
        lambda _: DemoBackend(seed=1, reason="no BCC here"),
        make_plan((DEMO_TARGET,)),
        plan_of,
        make_engine=watcher.make_engine,
    )
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, pilot, [])
        await watcher.until(lambda snapshot: snapshot.events_seen > 5)
        stage.monitor.tick()
        await pilot.pause()
        assert "DEMO (simulated): no BCC here" in stage.text
        assert "● live" in stage.text
        assert "✓ scheduled" in stage.text
        await stage.press("m")
        await watcher.until(lambda snapshot: snapshot.mode is Mode.SIGNAL)
        stage.monitor.tick()
        await pilot.pause()
        assert "SIGNAL" in stage.rows()[1]
        await stage.press("2")
        await watcher.until(lambda snapshot: len(snapshot.plan.map_kinds) == 2)
        stage.monitor.tick()
        await pilot.pause()
        assert "hash (array) lru_hash" in stage.text
        await pilot.press("q")
        await pilot.pause()
    last = app.last_snapshot
    assert last is not None
    assert last.state is RunState.ENDED
    assert last.total.pending == 0
    assert not last.broken


async def test_p_ends_one_run_and_another_can_begin() -> None:
    watcher = Watcher()
    app = TwtuiApp(
        lambda _: DemoBackend(seed=2),
        make_plan((DEMO_TARGET,)),
        plan_of,
        make_engine=watcher.make_engine,
        list_processes=list,
    )
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, [])
        await watcher.until(lambda snapshot: snapshot.state is RunState.LIVE)
        await stage.press("p")
        await watcher.until(lambda snapshot: snapshot.state is RunState.ENDED)
        stage.picker.post_message(stage.picker.Picked((DEMO_TARGET,)))
        await watcher.until(lambda snapshot: snapshot.state is RunState.LIVE)
        await pilot.pause()
        assert stage.monitor.run is app.run_now
    assert app.last_snapshot is not None
    assert app.last_snapshot.state is RunState.ENDED


async def test_a_recording_is_played_held_wound_and_stepped() -> None:
    watcher = Watcher()
    plan = ReplayBackend(RECORDING).plan()
    app = TwtuiApp(
        lambda _: ReplayBackend(RECORDING), plan, plan_of, make_engine=watcher.make_engine
    )
    async with app.run_test(size=(120, 40)) as pilot:
        stage = Stage(app, pilot, [])
        await watcher.until(lambda snapshot: snapshot.events_seen > 0)
        await stage.press("space")
        await watcher.until(lambda s: s.playback is not None and not s.playback.playing)
        assert app.last_snapshot is not None
        before = app.last_snapshot.playback
        assert before is not None
        await stage.press("full_stop")
        await watcher.until(lambda s: s.playback is not None and s.playback.at_ns > before.at_ns)
        await stage.press("right")
        later = before.at_ns + 4_000_000_000
        await watcher.until(lambda s: s.playback is not None and s.playback.at_ns > later)
        seen = app.last_snapshot.events_seen
        await stage.press("left", "left")
        await watcher.until(lambda s: s.events_seen < seen)
        stage.monitor.tick()
        await pilot.pause()
        assert "REPLAY" in stage.text
        assert "‖ 00:00:0" in stage.text
        assert "✗ F" not in stage.text
