"""The bytes that reach a real terminal: over a hostile recording, none of it acts on anything."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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


class Terminal:
    """A command in a terminal of its own, with what it writes there."""

    def __init__(self, *words: str) -> None:
        self.pid, self._descriptor = pty.fork()
        if not self.pid:
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
            os.execv(sys.executable, [sys.executable, "-m", "twtui", *words])
        self.written = b""
        self._pressed = 0
        self._status: int | None = None

    def read(self) -> bool:
        """Take what there is; False at the end."""
        if select.select([self._descriptor], [], [], 0.2)[0]:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:
                return False
            self.written += data
            return bool(data)
        return True

    def until(self, words: bytes) -> None:
        """Words that came after the last key."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while words not in self.written[self._pressed :]:
            assert time.monotonic() < deadline_s, self.written[-2000:]
            assert self.read(), self.written[-2000:]

    def press(self, keys: bytes) -> None:
        self._pressed = len(self.written)
        os.write(self._descriptor, keys)

    def to_end(self) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while self.read():
            assert time.monotonic() < deadline_s, self.written[-2000:]
        self._status = os.waitpid(self.pid, 0)[1]

    def close(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return HostileRun(_HOSTILE, tmp_path).path.rename(tmp_path / "run.twtui")


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    made: list[Terminal] = []
    yield made
    for terminal in made:
        terminal.close()


def check(terminal: Terminal) -> None:
    assert b"owned" in terminal.written
    assert [found for found in _NEVER if found in terminal.written] == []


@pytest.mark.parametrize(
    "words", [("report",), ("export", "-f", "csv"), ("export", "-f", "folded"), ("export",)]
)
def test_text_for_a_terminal(terminals: list[Terminal], path: Path, words: tuple[str, ...]) -> None:
    terminal = Terminal(*words, str(path))
    terminals.append(terminal)
    terminal.to_end()
    check(terminal)


def test_the_screens(terminals: list[Terminal], path: Path) -> None:
    terminal = Terminal("replay", str(path))
    terminals.append(terminal)
    terminal.until(b" 4 events")
    terminal.press(b"g")
    terminal.until(b" 4 events")
    terminal.press(b"g")
    terminal.until(b" 4 events")
    terminal.press(b"\r")
    terminal.until(b"hexdump")
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.to_end()
    check(terminal)
