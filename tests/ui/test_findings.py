"""The first screen where something is missing: findings, fixes, and what works all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input
from ui_samples import PROCESSES, make_plan
from ui_stage import Stage, no_backend, on_stage

from twtui.errors import PermissionDeniedError, TwtuiError
from twtui.ui.screens.findings import Findings, FindingsScreen, Source
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.screens.picker import PickerScreen

PROBLEM = PermissionDeniedError("uid 1000 may not load BPF programs", "run it with sudo")
CHECKS = [
    {"name": "kernel", "answer": "yes", "detail": "6.18", "fix": "", "required": True},
    {"name": "lockdown", "answer": "unknown", "detail": "nothing is mounted", "fix": "mount it",
     "required": False},
    {"name": "counters", "answer": "no", "detail": "none here", "fix": "", "required": False},
    {"name": "privileges", "answer": "no", "detail": "uid \x1b[31m1000 [bold]", "fix": "sudo",
     "required": True},
    {"name": "BT\x1bF", "answer": "yes", "detail": "types", "fix": "", "required": True},
]  # fmt: skip


def replay(path: Path) -> Source:
    if path.name != "good.twtui":
        raise TwtuiError(f"{path} is not a recording", "name one")
    return no_backend, make_plan()


FINDINGS = Findings(
    CHECKS, PROBLEM, lambda: (CHECKS, PROBLEM), lambda: (no_backend, make_plan()), replay
)


async def opened(stage: Stage, name: str) -> None:
    stage.app.screen.query_one(Input).value = name
    await stage.press("enter")


async def test_findings_and_fixes_are_shown_escaped() -> None:
    async with on_stage(picker=True, findings=FINDINGS) as stage:
        text = stage.text
        assert "✗ Nothing can be watched here yet: uid 1000 may not load BPF programs" in text
        assert "fix: run it with sudo" in text
        assert r"uid \x1b[31m1000 [bold]" in text
        assert "enter  the screens over recorded data" in text


async def test_what_stands_in_the_way_comes_first_and_what_is_well_last_in_a_line() -> None:
    async with on_stage(picker=True, findings=FINDINGS) as stage:
        lines = [line.strip("│ ") for line in stage.text.splitlines()]
        begins = ("✗ privileges", "? lockdown", "▲ counters", r"✓ kernel, BT\x1bF")
        found = [at for begin in begins for at, line in enumerate(lines) if line.startswith(begin)]
        assert len(found) == len(begins)
        assert found == sorted(found)
        assert "6.18" not in stage.text


async def test_what_the_first_line_says_is_not_said_again() -> None:
    said = {**CHECKS[3], "detail": PROBLEM.message, "fix": PROBLEM.hint}
    findings = replace(FINDINGS, checks=[said, *CHECKS[:2]])
    async with on_stage(picker=True, findings=findings) as stage:
        assert stage.text.count(PROBLEM.message) == 1
        assert stage.text.count(PROBLEM.hint) == 1
        assert "nothing is mounted" in stage.text


async def test_enter_shows_the_demo_and_p_comes_back() -> None:
    async with on_stage(picker=True, findings=FINDINGS) as stage:
        await stage.press("enter")
        assert isinstance(stage.app.screen, MonitorScreen)
        await stage.press("p")
        assert isinstance(stage.app.screen, FindingsScreen)


async def test_r_asks_for_a_recording() -> None:
    async with on_stage(picker=True, findings=FINDINGS) as stage:
        await stage.press("r")
        await opened(stage, "bad.twtui")
        assert any("is not a recording" in toast for toast in stage.toasts)
        await stage.press("r", "escape", "r")
        await opened(stage, "good.twtui")
        assert isinstance(stage.app.screen, MonitorScreen)


async def test_c_looks_again_and_goes_on_when_all_is_well() -> None:
    answers = [(CHECKS, TwtuiError("something else now")), ([], None)]
    findings = replace(FINDINGS, look_again=lambda: answers.pop(0))
    async with on_stage(picker=True, findings=findings) as stage:
        await stage.press("c")
        assert "something else now" in stage.text
        await stage.press("c")
        assert isinstance(stage.app.screen, PickerScreen)
        stage.picker.table.take(PROCESSES)
        await stage.pilot.pause()
        assert "redis-server" in stage.text
