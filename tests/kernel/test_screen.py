"""The screen over the live kernel: pick a process by its name, see it counted, switch the mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod

import pytest
from kernel_harness import PATIENCE_S, TargetProcess, plan_for
from textual.pilot import Pilot

from twtui.backend.live import LiveBackend
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Plan, Target
from twtui.model.presets import Preset
from twtui.model.snapshot import Snapshot
from twtui.ui.app import TwtuiApp

StartTarget = Callable[..., TargetProcess]


@pytest.fixture(autouse=True)
def patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's own patience with a key is half a minute, which an emulated machine can take."""
    patient = partialmethod(Pilot._wait_for_screen, timeout=PATIENCE_S)
    monkeypatch.setattr(Pilot, "_wait_for_screen", patient)


_PAUSE_S = 0.05
_TRIES = int(PATIENCE_S / _PAUSE_S)


async def until(app: TwtuiApp, pilot: Pilot[None], wanted: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot that satisfies the condition."""
    for _ in range(_TRIES):
        snapshot = app.last_snapshot
        if snapshot is not None and not snapshot.error and wanted(snapshot):
            return snapshot
        await pilot.pause(_PAUSE_S)
    raise AssertionError(f"waited too long: {app.last_snapshot}")


def screen_text(app: TwtuiApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def completed(snapshot: Snapshot, mode: Mode) -> list[int]:
    rows = {row.row: row.counters.completed for row in snapshot.rows}
    return [rows.get((kind, mode), 0) for kind in MapKind]


async def test_pick_watch_switch_and_leave(start_target: StartTarget) -> None:
    target = start_target("spin", 2, text="seen on the screen")

    def plan_of(targets: tuple[Target, ...], _: Preset | None = None) -> Plan:
        pids = (t.pid for t in targets)
        return plan_for(*pids, capture=f"str({target.address:#x})", rate_hz=99)

    app = TwtuiApp(lambda _: LiveBackend(), None, plan_of)
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(_TRIES):
            if "pid" in screen_text(app):
                break
            await pilot.pause(_PAUSE_S)
        await pilot.press(*str(target.pid))
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(app, pilot, lambda s: min(completed(s, Mode.RESUME)) > 50)
        await pilot.pause(0.5)
        seen = screen_text(app)
        assert "RESUME" in seen
        assert '"seen on the screen"' in seen
        assert all(kind in seen for kind in MapKind)
        await pilot.press("m")
        snapshot = await until(app, pilot, lambda s: min(completed(s, Mode.SIGNAL)) > 50)
        await pilot.pause(0.5)
        seen = screen_text(app)
        assert "SIGNAL" in seen
        assert seen.count("resume") >= 3
        assert seen.count("signal") >= 3
        assert not snapshot.broken
        await pilot.press("q")
    assert target.process.poll() is None


async def test_a_probe_by_key_on_a_sleeper(start_target: StartTarget) -> None:
    target = start_target("pause", 1)
    target.tell()
    target.wait_asleep()

    def plan_of(*_: object) -> Plan:
        return plan_for(target, trigger="probe", capture=f"str({target.address:#x})")

    app = TwtuiApp(lambda _: LiveBackend(), plan_of(), plan_of)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(app, pilot, lambda s: s.state is RunState.LIVE)
        await pilot.press("c")
        await until(app, pilot, lambda s: s.total.pending == 6)
        await pilot.pause(0.5)
        assert "pending 6" in screen_text(app)
        await pilot.press("m")
        await until(app, pilot, lambda s: s.mode is Mode.SIGNAL)
        await pilot.press("c")
        await until(app, pilot, lambda s: s.total.pending == 0 and s.total.completed == 12)
        await pilot.press("q")
