"""``twtui replay -`` where something is missing: a terminal, the lines, their end."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from .recordings import recorded_demo

TWTUI = [sys.executable, "-m", "twtui"]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    recording = recorded_demo(tmp_path_factory.mktemp("lines") / "run")
    return subprocess.run([*TWTUI, "export", recording], capture_output=True, check=True).stdout


def test_a_keyboard_is_no_recording() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*TWTUI, "replay", "-", "--fail-on-loss"],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "twtui: standard input is a terminal",
        "pipe twtui record --json into twtui replay -",
    ]


def test_the_screen_needs_a_terminal_for_its_keys(lines: bytes, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(lines)
    ours, theirs = pty.openpty()
    with (tmp_path / "lines").open("rb") as file:
        done = subprocess.run(
            [*TWTUI, "replay", "-"],
            stdin=file, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False,
            start_new_session=True,
        )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        ["twtui: the screen needs a terminal", "there is none for the keys"],
    )


@pytest.mark.parametrize(
    ("cut", "code", "words"),
    [
        (lambda lines: lines, 0, ""),
        (lambda _: b"", 1, "standard input"),
        (lambda lines: lines[: len(lines) // 2], 0, "without a summary"),
        (lambda lines: b'{"type": "event"}\n' + lines, 1, "standard input"),
    ],
    ids=["whole", "empty", "cut off", "no header"],
)
def test_lines_are_checked_without_a_screen(lines: bytes, cut, code: int, words: str) -> None:  # type: ignore[no-untyped-def]
    done = subprocess.run(
        [*TWTUI, "replay", "-", "--assert", "events > 0"],
        input=cut(lines),
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert words in said
    assert len(said.splitlines()) == (code + 1 if words else 0)
