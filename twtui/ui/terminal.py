"""The terminal: left as it was found, also when a signal ends us, and left alone when it has gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TerminalDriver(LinuxDriver):
    """Textual's driver, which would die of SIGTERM and SIGHUP and leave the terminal as it is then.

    A closed terminal sends SIGHUP; where that does not reach us, the next write fails.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = _Output(self._file, self._gone)

    def start_application_mode(self) -> None:
        """Take the terminal over."""
        for number in _ENDING:
            # whoever was started by nohup wants to outlive the terminal
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._loop.add_signal_handler(number, self._app.exit)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _gone(self) -> None:
        """From the thread that writes."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._app.exit)


class _Output:
    """What is drawn on; a terminal that has gone takes it without a word.

    An error would end the thread that writes, and then everyone who waits for it.
    """

    def __init__(self, file: Any, gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone

    def write(self, text: str) -> int:
        try:
            return int(self._file.write(text))
        except OSError:
            self._lose()
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            self._lose()

    def fileno(self) -> int:
        return int(self._file.fileno())

    def _lose(self) -> None:
        # what waits in the file's buffer goes there too, now and at the interpreter's exit
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self._file.fileno())
        os.close(null)
        self._gone()
