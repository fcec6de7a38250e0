"""The installed program in a real terminal against a real process: what a person sees, and leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_harness import TargetProcess

StartTarget = Callable[..., TargetProcess]
_PATIENCE_S = 60.0
_PROMPT = "prompt> "
_TWTUI = Path(sys.executable).with_name("twtui")
_ROW = re.compile(r"(hash|array|lru_hash) +(resume|signal) +([\d,]+) +([\d,]+) +([\d,]+)")

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A terminal of 120×40 with a shell in it."""

    def __init__(self, home: Path) -> None:
        self._name = f"twtui-test-{uuid.uuid4().hex[:8]}"
        environment = f"env HOME={home} XDG_STATE_HOME={home} PS1='{_PROMPT}' TZ=UTC LANG=C.UTF-8"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40",
                   f"{environment} bash --norc --noprofile")  # fmt: skip
        self.until(lambda text: text.strip() == _PROMPT.strip())

    def _tmux(self, *words: str) -> str:
        answer = subprocess.run(
            ["tmux", "-L", self._name, *words],
            capture_output=True, text=True, check=True,
            env={**os.environ, "TMUX": "", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        return answer.stdout

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def keys(self, *names: str) -> None:
        self._tmux("send-keys", *names)

    def typed(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def until(self, wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + _PATIENCE_S
        while not wanted(text := self.text()):
            assert time.monotonic() < deadline, f"waited too long:\n{text}"
            time.sleep(0.1)
        return text

    def run(self, command: str) -> str:
        """What a command of the shell prints."""
        self.typed("clear\n")
        self.until(lambda text: text.strip() == _PROMPT.strip())
        self.typed(f"{command}; echo done-$?\n")
        # with the prompt behind it, or two looks at the same would differ
        done = re.compile(rf"^done-.*^{_PROMPT.strip()}$", re.MULTILINE | re.DOTALL)
        return self.until(lambda text: done.search(text.rstrip()) is not None)

    @property
    def modes(self) -> str:
        """What tmux knows of mouse, cursor and screen."""
        flags = "alternate_on cursor_flag mouse_any_flag keypad_cursor_flag wrap_flag origin_flag"
        return self._tmux("display", "-p", " ".join(f"{f}=#{{{f}}}" for f in flags.split()))

    def end(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    one = Terminal(tmp_path)
    yield one
    one.end()


def completed(text: str) -> dict[tuple[str, str], int]:
    """Completed callbacks of each map kind and mode, as the screen has them."""
    return {
        (kind, mode): int(number.replace(",", ""))
        for kind, mode, _, _, number in _ROW.findall(text)
    }


def test_a_person_picks_watches_switches_and_leaves(
    terminal: Terminal, start_target: StartTarget
) -> None:
    target = start_target("spin", 2, text="seen in a terminal")
    before = terminal.run("stty -a"), terminal.modes
    capture = f"str({target.address:#x})"
    terminal.typed("clear\n")
    terminal.typed(f"{_TWTUI} --capture '{capture}'\n")
    terminal.until(lambda text: "which process?" in text and "Enter watches" in text)
    # by its name, and by its PID, as other tests may have targets of the same name
    terminal.typed(f"/^{target.pid}.*target/")
    terminal.until(lambda text: f"Enter watches target {target.pid}" in text)
    terminal.keys("Enter")
    kinds = [(kind, "resume") for kind in ("hash", "array", "lru_hash")]
    first = completed(
        terminal.until(lambda t: all(completed(t).get(kind, 0) > 50 for kind in kinds))
    )
    text = terminal.until(lambda t: all(completed(t).get(kind, 0) > first[kind] for kind in kinds))
    assert '"seen in a terminal"' in text
    assert "● live" in text
    terminal.keys("m")
    text = terminal.until(
        lambda t: all(completed(t).get((kind, "signal"), 0) > 50 for kind, _ in kinds)
    )
    assert all(completed(text)[kind] > 0 for kind in kinds)
    assert "✗" not in text.replace("✗ failed", "")
    terminal.resize(20, 5)
    time.sleep(0.5)
    terminal.resize(120, 40)
    terminal.until(lambda t: "Callbacks" in t and "q quit" in t)
    terminal.keys("q")
    text = terminal.until(lambda t: t.rstrip().endswith(_PROMPT.strip()))
    assert "Traceback" not in text
    assert "Callbacks" not in text, "the screen of before is back"
    assert (terminal.run("stty -a"), terminal.modes) == before
    assert target.process.poll() is None
