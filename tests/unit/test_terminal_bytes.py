"""The bytes that reach a real terminal: over a hostile recording, none of it acts on anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pseudo_terminal import ProgramInTerminal

from tests.corpus import CORPUS

from .hostile_run import HostileRun

_PATIENCE_S = 60.0
_HOSTILE = b"owned " + b" ".join(
    CORPUS[entry]
    for entry in (
        "window title", "clipboard", "device control", "C1 in UTF-8", "bidi overrides", "markup", "bell and backspace",
    )
)  # fmt: skip
_NEVER = (
    b"\x1b]0;", b"\x1b]52;", b"\x1b]8;", b"\x1bP$q", b"\x1b_app", b"\xc2\x9b", b"\xc2\x9d", "\u202e".encode(), b"\x08\x08",
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return HostileRun(_HOSTILE, tmp_path).path.rename(tmp_path / "run.twtui")


def twtui(*words: object) -> ProgramInTerminal:
    return ProgramInTerminal(
        [sys.executable, "-m", "twtui", *map(str, words)], patience_s=_PATIENCE_S
    )


def check(terminal: ProgramInTerminal) -> None:
    terminal.wait()
    assert b"owned" in terminal.output
    assert [found for found in _NEVER if found in terminal.output] == []


@pytest.mark.parametrize(
    "words", [("report",), ("export", "-f", "csv"), ("export", "-f", "folded"), ("export",)]
)
def test_text_for_a_terminal(path: Path, words: tuple[str, ...]) -> None:
    with twtui(*words, path) as terminal:
        check(terminal)


def test_the_screens(path: Path) -> None:
    with twtui("replay", path) as terminal:
        terminal.until_text(" 4 events")
        for _ in range(2):
            terminal.press(b"g")
            terminal.until_text(" 4 events")
        terminal.press(b"\r")
        terminal.until_text("hexdump")
        terminal.process.terminate()
        check(terminal)
