"""The line on standard error that says how a run without a screen is going."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from twtui.model.snapshot import Snapshot
from twtui.recording import Recorder
from twtui.ui.text import count, rate, size, stopwatch

_CLEAR = "\r\x1b[K"


class Progress:
    """One line that is written over; nothing where standard error is no terminal.

    Args:
        say: Takes messages; they come above the line.
        recorder: Whose file grows.
        enabled: False for no line.
    """

    def __init__(
        self, say: Callable[[str], None], recorder: Recorder | None, enabled: bool
    ) -> None:
        self._say = say
        self._recorder = recorder
        self._enabled = enabled
        self._shown = False

    def watch(self, snapshot: Snapshot) -> None:
        """Show how it stands."""
        if not self._enabled:
            return
        fired = sum(row.rates.fired for row in snapshot.rows)
        completed = sum(row.rates.completed for row in snapshot.rows)
        words = [
            stopwatch(snapshot.elapsed_ns),
            f"{count(snapshot.events_seen)} events",
            f"fired {rate(fired)}",
            f"completed {rate(completed)}",
            f"drops {count(snapshot.total.dropped)}",
        ]
        state = self._recorder.state if self._recorder else None
        if state:
            words.append(size(state.size_bytes))
        self._write(_CLEAR + "   ".join(words))
        self._shown = True

    def say(self, text: str) -> None:
        """A message for a person, on a line of its own."""
        self.clear()
        self._say(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a terminal that has been closed
            sys.stderr.write(text)
            sys.stderr.flush()
