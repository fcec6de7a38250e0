"""What the monitor copies and writes: clipboard, exported events, recordings."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import Input
from ui_samples import EVENTS, RESCUED, make_event, make_plan, make_snapshot
from ui_stage import Stage, on_stage

from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.errors import TwtuiError
from twtui.model.enums import RunState
from twtui.model.playback import Playback
from twtui.recording.reader import Recording
from twtui.ui.app import TwtuiApp
from twtui.ui.export_events import write_events
from twtui.ui.screens.name_dialog import NameDialog
from twtui.ui.views.payload import copy_text


@pytest.fixture(autouse=True)
def _in_a_folder_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def name(stage: Stage, text: str) -> None:
    assert isinstance(stage.app.screen, NameDialog)
    stage.app.screen.query_one(Input).value = text
    await stage.press("enter")
    await stage.app.workers.wait_for_complete()
    await stage.pilot.pause()


async def test_y_copies_what_the_event_brought_escaped() -> None:
    async with on_stage() as stage:
        stage.captured.move_to(2)
        await stage.press("y")
        assert stage.app.clipboard == r"\x1b[31mnot red\x1b[0m [bold]x[/] \u202e\xff"
        assert "Copied 44 characters." in stage.toasts
        await stage.press("enter", "left", "y")
        assert stage.app.clipboard == "/var/lib/redis/dump.rdb"


def test_what_is_copied_of_numbers_and_failures() -> None:
    assert copy_text(make_event(1, (255).to_bytes(8, "little")), "u64(arg1)") == "255 (0xff)"
    assert copy_text(make_event(1, b"", result=-14), "str(arg1)") == "EFAULT"


async def test_y_without_an_event_says_so() -> None:
    async with on_stage(make_snapshot(())) as stage:
        await stage.press("y")
        assert "No event to copy." in stage.toasts


async def test_e_writes_the_events_that_match(tmp_path: Path) -> None:
    async with on_stage() as stage:
        await stage.press("slash", *"rescued", "enter", "e")
        await name(stage, "out.jsonl")
        assert "Wrote 1 event to out.jsonl" in stage.toasts
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == ["header", "event", "summary"]
    assert lines[1]["text"] == RESCUED.data.decode()
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


async def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    async with on_stage() as stage:
        await stage.press("e")
        await name(stage, "mine")
        assert any("exists" in toast for toast in stage.toasts)
        await stage.press("e")
        await name(stage, "link")
        assert any("symbolic link" in toast for toast in stage.toasts)
        await stage.press("e")
        await name(stage, "no/such/folder")
        assert any("cannot write" in toast for toast in stage.toasts)
        await stage.press("e", "escape")
        assert stage.app.screen is stage.monitor
    assert (tmp_path / "mine").read_text() == "keep"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "mine"]


def test_all_events_of_a_snapshot_can_be_written(tmp_path: Path) -> None:
    write_events(tmp_path / "all", make_snapshot(), EVENTS)
    assert len((tmp_path / "all").read_text().splitlines()) == len(EVENTS) + 2
    with pytest.raises(TwtuiError):
        write_events(tmp_path / "all", make_snapshot(), EVENTS)


async def test_r_records_the_run_until_it_is_pressed_again(tmp_path: Path) -> None:
    app = TwtuiApp(lambda _: DemoBackend(seed=1), make_plan((DEMO_TARGET,)), lambda *_: make_plan())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        stage = Stage(app, pilot, [])
        await stage.until(lambda: app.last_snapshot and app.last_snapshot.events_seen > 10)
        await stage.press("r")
        await name(stage, "run.twtui")
        recorder = stage.monitor.run.recorder
        await stage.until(lambda: recorder.state and recorder.state.events > 10)
        stage.monitor.tick()
        await pilot.pause()
        assert "● REC" in stage.text
        await stage.press("r")
        await app.workers.wait_for_complete()
        stage.monitor.tick()
        await pilot.pause()
        assert "REC" not in stage.text
        assert any("Recorded" in toast and "run.twtui" in toast for toast in stage.toasts)
    with Recording(tmp_path / "run.twtui") as recording:
        assert recording.batch_count > 1


async def test_r_refuses_where_there_is_nothing_to_record() -> None:
    async with on_stage(make_snapshot(state=RunState.ENDED)) as stage:
        await stage.press("r")
        assert "Nothing to record: the run is not live." in stage.toasts
    async with on_stage(make_snapshot(playback=Playback(0, 10**9))) as stage:
        await stage.press("r")
        assert "This is a recording already." in stage.toasts
