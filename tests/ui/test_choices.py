"""The picker's second half: presets, mode, map kinds, tree and order, and what it remembers."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ui_samples import PROCESSES, make_process, plan_of
from ui_stage import Stage, on_stage

from twtui.errors import UsageError
from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Target
from twtui.model.presets import PRESETS
from twtui.processes import ProcessRow
from twtui.ui.choices import Choice
from twtui.ui.glyphs import UNICODE
from twtui.ui.memory import Memory, state_path
from twtui.ui.screens import picker as picker_module
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.views.presets import preset_lines

TREE = [
    make_process(1, "init"),
    make_process(30, "shell", 1.0, parent=1),
    make_process(20, "editor", 9.0, parent=30),
    make_process(40, "make", 2.0, parent=30),
    make_process(50, "gcc", 7.0, parent=40),
]


@pytest.fixture(autouse=True)
def _processes_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picker_module, "find_target", lambda pid: Target(pid, pid * 10, "found"))
    monkeypatch.setattr(picker_module, "mapped_files", lambda _pid: frozenset(("/usr/bin/redis",)))


async def fill(stage: Stage, rows: list[ProcessRow]) -> None:
    await stage.app.workers.wait_for_complete()
    stage.processes = rows
    for _ in range(2):
        stage.picker.table.take(rows)
    await stage.pilot.pause()


def pids(stage: Stage) -> list[int]:
    rows = stage.picker.table.text.splitlines()[1:]
    return [int(row.lstrip("✓ ").split()[0]) for row in rows if row.strip()]


async def test_arrows_choose_a_preset_at_every_size() -> None:
    for size in ((80, 24), (120, 40)):
        async with on_stage(picker=True, size=size) as stage:
            await fill(stage, PROCESSES)
            assert "watch ◂ as started ▸  sample 99 Hz, str(arg2)" in stage.text
            await stage.press("right", "right")
            assert "watch ◂ files ▸  every path it names" in stage.text
            await stage.press("left", "left", "left")
            assert f"watch ◂ {list(PRESETS)[-1]} ▸" in stage.text
    names = " ".join(PRESETS)
    assert all(name in names for name in ("files", "writes", "python"))


async def test_the_plan_is_that_of_the_choice() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("right", "right", "f2", "f3", "f3", "f3")
        assert "mode resume   maps array" in stage.text
        await stage.press("enter")
        assert isinstance(stage.app.screen, MonitorScreen)
        assert stage.app.run_now is not None
        plan = stage.app.run_now.plan
        assert plan.watches == PRESETS["files"].watches()
        assert (plan.mode, plan.map_kinds) == (Mode.RESUME, (MapKind.ARRAY,))


async def test_a_choice_that_does_not_go_together_is_refused_in_words() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("right", "right", "f2", "f2", "enter")
        assert "signal mode is refused for syscall:openat" in stage.toasts[0]
        assert stage.engines == []


async def test_signal_mode_says_beside_the_preset_what_it_does_to_the_target() -> None:
    preset = PRESETS["argv"]
    assert [str(watch.trigger) for watch in preset.watches()] == ["probe:1hz"]
    lines = {
        mode: " ".join(
            "".join(text for text, _ in line)
            for line in preset_lines(Choice("argv", mode), PRESETS, "", {}, 60, UNICODE)
        )
        for mode in (None, *Mode)
    }
    assert "EINTR from recv with SO_RCVTIMEO" in lines[Mode.SIGNAL]
    assert "EINTR" not in lines[None] + lines[Mode.RESUME]
    refused = preset_lines(Choice("files", Mode.SIGNAL), PRESETS, "", {}, 60, UNICODE)
    assert "EINTR" not in str(refused)


async def test_a_preset_that_does_not_work_there_says_why() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("left", "left")
        await stage.until(lambda: "watch ◂ tls ▸  ✗ it has not mapped libssl" in stage.text)
        assert "✗ plaintext of TLS" in stage.text


async def test_a_click_chooses_a_preset_or_sorts() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.pilot.click("#presets", offset=(5, 3))
        assert stage.picker.choice.preset == list(PRESETS)[1]
        await stage.pilot.click("#choice", offset=(5, 0))
        assert stage.picker.choice.preset == list(PRESETS)[2]
        await stage.pilot.click("#processes", offset=(9, 1))
        assert "sorted by pid" in stage.text
        assert pids(stage) == [10, 20, 30, 50, 40]
        await stage.pilot.click("#processes", offset=(9, 1))
        assert "sorted by pid, reversed" in stage.text
        assert pids(stage) == [50, 30, 20, 10, 40]


async def test_tab_goes_through_every_column() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        seen = []
        for _ in range(7):
            await stage.press("tab")
            seen.append(str(stage.picker.table.sort))
        assert seen == ["pid", "name", "user", "threads", "state", "command", "cpu"]
        await stage.press("f6")
        assert pids(stage) == [50, 10, 30, 20, 40]


async def test_the_tree_shows_children_under_their_parents() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, TREE)
        assert pids(stage) == [20, 50, 40, 30, 1]
        await stage.press("f5")
        assert pids(stage) == [1, 30, 20, 40, 50]
        header, *rows = stage.picker.table.text.splitlines()
        start = header.index("command")
        assert [row[start:].split(" --")[0] for row in rows if row.strip()] == [
            "init",
            "└─ shell",
            "   ├─ editor",
            "   └─ make",
            "      └─ gcc",
        ]
        await stage.press(*"make")
        assert pids(stage) == [40]
        assert "─ " not in stage.picker.table.text.splitlines()[1]


async def test_choices_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    async with on_stage(picker=True, memory=Memory(path)) as stage:
        await fill(stage, PROCESSES)
        await stage.press("right", "f3", "tab", "f5")
        stage.app.theme = "twtui-light"
        await stage.pilot.pause()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with on_stage(picker=True, memory=Memory(path)) as stage:
        await fill(stage, PROCESSES)
        assert stage.picker.choice == Choice(next(iter(PRESETS)), None, tuple(MapKind))
        assert "sorted by pid within the tree" in stage.text
        assert stage.app.theme == "twtui-light"


@pytest.mark.parametrize("content", ["", "[1]", '{"choice": 5, "order": {"sort": "x"}}', "\0\xff"])
async def test_a_broken_memory_is_as_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    async with on_stage(picker=True, memory=Memory(path)) as stage:
        await fill(stage, PROCESSES)
        assert stage.picker.choice == Choice()
        await stage.press("right")
    assert json.loads(path.read_text())["choice"]["preset"] == next(iter(PRESETS))


def test_a_memory_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "state.json")
    memory.put(theme="x")
    assert memory.get("theme") == "x"
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    assert Memory(tmp_path / "link.json").get("choice") is None


def test_where_the_memory_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_path({"XDG_STATE_HOME": "/state", "HOME": "/home/ada"}) == Path(
        "/state/twtui/state.json"
    )
    found = state_path({"XDG_STATE_HOME": "relative", "HOME": "/home/ada"})
    assert found == Path("/home/ada/.local/state/twtui/state.json")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    sudo = {"SUDO_UID": "65534", "SUDO_GID": "65534", "XDG_STATE_HOME": "/somewhere/state"}
    assert not state_path({**sudo, "HOME": "/root"}).is_relative_to("/root")


def test_a_choice_survives_its_fields_and_forgets_what_is_unknown() -> None:
    choice = Choice("files", Mode.SIGNAL, (MapKind.HASH, MapKind.LRU_HASH))
    assert Choice.from_fields(json.loads(json.dumps(choice.to_fields())), PRESETS) == choice
    assert Choice.from_fields({"preset": "gone", "mode": 3, "maps": ["tree"]}, PRESETS) == Choice()
    with pytest.raises(UsageError):
        choice.plan((Target(1),), plan_of, PRESETS)
