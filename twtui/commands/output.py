"""Standard output behind a bounded queue and a thread, so that a slow reader never stalls collecting."""

from __future__ import annotations

import errno
import os
import queue
import select
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from twtui.errors import TwtuiError

if TYPE_CHECKING:
    from twtui.model.event import Event

MAX_WAITING_EVENTS = 65_536
_CHUNK_EVENTS = 256
_Job = Callable[[], str]


class LineWriter:
    r"""Writes lines to a file descriptor from a thread of its own.

    Events are turned into text in that thread. The bytes bypass Python's buffered stdout, whose
    lock a blocked thread would hold when the process ends.

    Args:
        descriptor: Open for writing; stays open.
        encoding: Characters that it cannot express are written out (``\u2713``).
        max_events: Events that wait at most; more are counted in ``unwritten`` and left out.
    """

    def __init__(
        self,
        descriptor: int,
        encoding: str = "utf-8",
        max_events: int = MAX_WAITING_EVENTS,
    ) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._max_events = max_events
        self._jobs: queue.SimpleQueue[tuple[int, _Job] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="twtui-output", daemon=True)
        self._thread.start()
        self.unwritten = 0
        """Events that were left out because the reader was too slow."""
        self.closed_by_reader = False
        """Nobody reads any more; what comes is thrown away."""
        self.error: Exception | None = None
        """Why writing failed, when it was not the reader's doing."""

    @property
    def failed(self) -> bool:
        """Nothing more can be written."""
        return self.closed_by_reader or self.error is not None

    def line(self, text: str) -> None:
        """One line that is never left out."""
        self._jobs.put((0, lambda: text + "\n"))

    def events(self, events: Sequence[Event], form: Callable[[Event], str]) -> None:
        """A line per event, as far as there is room."""
        with self._lock:
            room = self._max_events - self._waiting
            taken = events[: max(room, 0)]
            self._waiting += len(taken)
            self.unwritten += len(events) - len(taken)
        for start in range(0, len(taken), _CHUNK_EVENTS):
            chunk = taken[start : start + _CHUNK_EVENTS]
            self._jobs.put((len(chunk), _job(chunk, form)))

    def close(self) -> None:
        """Wait until everything is written.

        Raises:
            TwtuiError: Something could not be written, other than for want of a reader.
        """
        self._jobs.put(None)
        self._thread.join()
        if isinstance(self.error, OSError):
            raise _cannot_print(self.error)
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            count, text = job
            if not self.failed:
                try:
                    self._write(text().encode(self._encoding, "backslashreplace"))
                except BrokenPipeError:
                    self.closed_by_reader = True
                except Exception as error:  # raised again by close
                    if _is_hang_up(error, self._descriptor):
                        self.closed_by_reader = True
                    else:
                        self.error = error
            with self._lock:
                self._waiting -= count

    def _write(self, data: bytes) -> None:
        _write_all(self._descriptor, data)


def _is_hang_up(error: Exception, descriptor: int) -> bool:
    """It was a terminal that has been closed."""
    if not isinstance(error, OSError) or error.errno != errno.EIO:
        return False
    return stat.S_ISCHR(os.fstat(descriptor).st_mode)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:  # the other side may have made the shared pipe non-blocking
            select.select([], [descriptor], [])


def print_pieces(pieces: Iterable[str]) -> None:
    """Write to standard output, past Python's buffer, which would complain once more at the exit.

    Raises:
        BrokenPipeError: Nobody reads.
        TwtuiError: It cannot be written.
    """
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.flush()
    for piece in pieces:
        try:
            _write_all(sys.stdout.fileno(), piece.encode(encoding, "backslashreplace"))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _cannot_print(error) from None


def _cannot_print(error: OSError) -> TwtuiError:
    reason = error.strerror or str(error)
    return TwtuiError(f"cannot write to standard output: {reason}", "make room for it")


def _job(events: Sequence[Event], form: Callable[[Event], str]) -> _Job:
    return lambda: "".join(form(event) + "\n" for event in events)
