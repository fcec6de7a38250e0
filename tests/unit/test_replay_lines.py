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
    ("cut", "code", "words", "messages"),
    [
        (lambda lines: lines, 0, "", 0),
        (lambda _: b"", 1, "standard input", 2),
        (lambda lines: lines[: len(lines) // 2], 3, "without a summary", 3),
        (lambda lines: b'{"type": "event"}\n' + lines, 1, "standard input", 2),
    ],
    ids=["whole", "empty", "cut off", "no header"],
)
def test_lines_are_checked_without_a_screen(  # type: ignore[no-untyped-def]
    lines: bytes, cut, code: int, words: str, messages: int
) -> None:
    done = subprocess.run(
        [*TWTUI, "replay", "-", "--assert", "events > 0"],
        input=cut(lines),
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert words in said
    assert len(said.splitlines()) == messages


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (["--assert", "lost == 0"], "lost == 0 (lost is not measured)"),
        (["--assert", "events > 0"], "events > 0 (events is not measured)"),
        (["--fail-on-loss"], "nothing lost (losses are not measured)"),
    ],
)
def test_of_a_header_alone_nothing_is_measured(lines: bytes, check: list[str], words: str) -> None:
    done = subprocess.run(
        [*TWTUI, "replay", "-", *check],
        input=lines[: lines.index(b"\n") + 1],
        capture_output=True,
        check=False,
    )
    *_, failed, why = done.stderr.decode().splitlines()
    assert (done.returncode, failed) == (3, f"twtui: assertion failed: {words}")
    assert "the end of the run is not there" in why
