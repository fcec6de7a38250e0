"""The demo command: starts the workload, and says what to watch in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from twtui.errors import TwtuiError

RECORDING = Path(__file__).parents[1] / "_data" / "demo.twtui"
"""A live run of the workload on a real kernel, for machines on which there can be none."""


class Workload:
    """The workload as a child process, for the length of a ``with``.

    Raises:
        TwtuiError: It did not start.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "twtui.workload"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # a Ctrl-C at the terminal is for twtui, which then closes the child's standard input
            start_new_session=True,
        )
        assert self._process.stdout is not None
        try:
            about = json.loads(self._process.stdout.readline())
            self.pid = int(about["pid"])
            self._current = int(about["current"])
        except (ValueError, KeyError, TypeError):
            self.close()
            raise TwtuiError("the demo's workload did not start") from None

    @property
    def capture(self) -> str:
        """Reads the string that the workload is working on."""
        return f"str(*{self._current:#x})"

    def close(self) -> None:
        """End it. Idempotent."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
