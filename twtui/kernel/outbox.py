"""Frames on their way out, of which an answer need not wait for the batches before it."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress

_AT_ONCE_BYTES = 1 << 20


class Outbox:
    """Writes frames to a descriptor that does not block, and keeps what it does not take.

    Args:
        writing: The descriptor.
    """

    def __init__(self, writing: int) -> None:
        self._writing = writing
        self._frames: deque[memoryview] = deque()
        """The first may have lost its beginning, which is out."""
        self._first_is_whole = True
        self.unsent_bytes = 0

    def put(self, frame: bytes, ahead: bool = False) -> None:
        """Send a frame, now or as soon as it can be.

        Args:
            frame: Whole.
            ahead: Before all that wait whole, for the answer to the one request that is open.
                Without it, whoever reads slowly would have to take everything in to get an
                answer, and again for the next one.
        """
        if ahead and self._frames:
            self._frames.insert(0 if self._first_is_whole else 1, memoryview(frame))
        else:
            self._frames.append(memoryview(frame))
        self.unsent_bytes += len(frame)
        self.flush()

    def flush(self) -> None:
        """Send what the other side has room for, up to a limit: one that reads on and on may ask meanwhile."""
        left = _AT_ONCE_BYTES
        with suppress(BlockingIOError):
            while self._frames and left > 0:
                first = self._frames[0]
                sent = os.write(self._writing, first[:left])
                left -= sent
                self.unsent_bytes -= sent
                self._first_is_whole = sent == len(first)
                if self._first_is_whole:
                    self._frames.popleft()
                else:
                    self._frames[0] = first[sent:]
