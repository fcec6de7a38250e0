"""A program in a terminal of its own, of which every byte that it writes and every setting is known."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

_PATIENCE_S = 60.0
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_ESCAPE = re.compile(rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>78]")
RESTORED = {1049: False, 25: True, 1000: False, 1003: False, 1004: False, 2004: False}
"""Alternate screen, cursor, two kinds of mouse reports, focus reports, bracketed paste."""


class ProgramInTerminal:
    """A program started as a shell would: the terminal is its controlling one, unless told otherwise.

    ``environ`` changes the environment of the test.
    """

    def __init__(
        self,
        command: Sequence[str],
        directory: Path | None = None,
        environ: Mapping[str, str] = MappingProxyType({}),
        controlling: bool = True,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._controlling, self._patience_s = controlling, patience_s
        self._master, self._slave = os.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._attributes = termios.tcgetattr(self._slave)
        self.output = b""
        self.process = subprocess.Popen(
            command,
            stdin=self._slave, stdout=self._slave, stderr=self._slave,
            cwd=directory, env={**os.environ, "TERM": "xterm-256color", **environ}, start_new_session=True, preexec_fn=self._prepare,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _prepare(self) -> None:
        if self._controlling:
            fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        # who started the tests may have them ignored, as nohup does and a shell with what runs behind
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)

    def _pump(self, timeout_s: float) -> None:
        if self._master >= 0 and select.select([self._master], [], [], timeout_s)[0]:
            self.output += os.read(self._master, 1 << 16)

    @property
    def text(self) -> str:
        """All that was written, without escape sequences."""
        return _ESCAPE.sub(b"", self.output).decode(errors="replace")

    def until(self, wanted: Callable[[], Any]) -> None:
        """Take what it writes until something holds."""
        deadline_s = time.monotonic() + self._patience_s
        while not wanted():
            assert time.monotonic() < deadline_s, f"waited too long:\n{self.text[-3000:]}"
            self._pump(0.02)

    def until_text(self, words: str) -> None:
        """Take what it writes until these words come, after all that came before."""
        since = len(self.output)
        self.until(lambda: words.encode() in _ESCAPE.sub(b"", self.output[since:]))

    def until_seen(self, words: str) -> None:
        """Take what it writes until these words are among it, whenever they came."""
        self.until(lambda: words in self.text)

    def press(self, keys: bytes) -> None:
        """What a keyboard sends."""
        os.write(self._master, keys)

    def close_terminal(self) -> None:
        """As when its window is closed."""
        for fd in (self._master, self._slave):
            os.close(fd)
        self._master = self._slave = -1

    def wait(self) -> int:
        """Until it has ended; its exit code."""
        self.until(lambda: self.process.poll() is not None)
        while self._master >= 0 and select.select([self._master], [], [], 0)[0]:
            self._pump(0)
        return self.process.returncode

    @property
    def modes(self) -> dict[int, bool]:
        """The modes of ``RESTORED`` that the program has set or reset, as it left them."""
        found: dict[int, bool] = {}
        for numbers, letter in _MODE.findall(self.output):
            for number in map(int, numbers.split(b";")):
                if number in RESTORED:
                    found[number] = letter == b"h"
        return found

    @property
    def is_as_before(self) -> bool:
        """The terminal's settings are those of before (``stty``), and its modes too."""
        same = termios.tcgetattr(self._slave) == self._attributes
        return same and all(RESTORED[number] == state for number, state in self.modes.items())

    def end(self) -> None:
        """End it if it still runs, and collect it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.close_terminal()
