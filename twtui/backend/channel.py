"""One connection with a kernel process: requests and their answers, and the batches that come between."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from twtui.errors import TwtuiError, error_from_wire
from twtui.harmless import harmless
from twtui.model.batch import Batch
from twtui.wire.batches import unpack_batch
from twtui.wire.frames import FrameKind, FrameReader, unpack_json
from twtui.wire.layout import WireError

_READ_BYTES = 1 << 20
_SLICE_S = 0.1
"""Longest that one thread keeps the connection while others wait for it."""
MAX_WAITING_BYTES = 256 << 20
"""Batches that may come before an answer; a kernel process holds back long before."""
_BATCH_BYTES = 4096
"""What even an empty batch counts for, so that many of them are not without limit either."""


_MOST_LOG = 4 << 20
"""Characters; what a compiler or the verifier has to say of an error is at the end."""


class ClosedError(Exception):
    """The other side has closed, or we have."""


class Channel:
    """Requests may come from any thread; one at a time is served.

    Args:
        connection: A stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._frames = FrameReader()
        self._waiting: deque[tuple[Batch, int]] = deque()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self.heard = False
        """Something has come."""

    def ask(self, request: bytes, wanted: FrameKind, timeout_s: float) -> bytes:
        """The payload of the answer.

        Raises:
            ClosedError: The connection is closed.
            TwtuiError: The answer is an error, or none comes, or something that is none.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._lock:
            self._send(request, deadline_s)
            while (left_s := deadline_s - time.monotonic()) > 0:
                answer = self._receive(left_s, wanted)
                if isinstance(answer, bytes):
                    return answer
        raise TwtuiError(f"the kernel process did not answer within {timeout_s:.0f} s", "try again")

    def next_batch(
        self, timeout_s: float, cancelled: Callable[[], bool] = lambda: False
    ) -> Batch | None:
        """The next batch; None when none has come by then.

        Args:
            timeout_s: How long to wait.
            cancelled: Looked at now and then; ends the waiting.

        Raises:
            ClosedError: The connection is closed, or the waiting was cancelled.
            TwtuiError: The run has failed, or what comes is no batch.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            if cancelled():
                raise ClosedError
            with self._lock:
                if self._waiting:
                    batch, size = self._waiting.popleft()
                    self._waiting_bytes -= size
                    return batch
                if self._failure:
                    raise self._failure
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return None
                try:
                    self._receive(min(left_s, _SLICE_S), None)
                except (TwtuiError, ClosedError) as error:
                    # batches that came with it, or before it, are delivered first
                    self._failure = error

    def forget_batches(self) -> None:
        """Those of a run that is over."""
        with self._lock:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._failure = None

    def shut_down(self) -> None:
        """Tell the other side, and wake a thread that waits here; from any thread."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _send(self, request: bytes, deadline_s: float) -> None:
        rest = memoryview(request)
        while rest:
            left_s = max(0.0, deadline_s - time.monotonic())
            try:
                if not select.select([], [self._connection], [], left_s)[1]:
                    raise TwtuiError("the kernel process does not take requests", "start again")
                rest = rest[self._connection.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                continue
            except (OSError, ValueError):
                raise ClosedError from None

    def _receive(self, timeout_s: float, wanted: FrameKind | None) -> bytes | None:
        """Wait once for data; the wanted answer if it has come."""
        try:
            if not select.select([self._connection], [], [], timeout_s)[0]:
                return None
            data = self._connection.recv(_READ_BYTES)
        except (OSError, ValueError):
            data = b""
        if not data:
            raise ClosedError
        answer: bytes | None = None
        error: TwtuiError | None = None
        frames = self._frames.feed(data)
        self.heard = True
        for kind, payload in frames:
            if kind is FrameKind.BATCH:
                self._keep(payload)
            elif kind is FrameKind.ERROR:
                error = _error(payload)
            elif kind is wanted and answer is None:
                answer = payload
            else:
                raise WireError(f"unexpected {kind.name} from the kernel process")
        if error:
            raise error
        return answer

    def _keep(self, payload: bytes) -> None:
        batch = unpack_batch(payload)
        self._waiting_bytes += len(payload) + _BATCH_BYTES
        if self._waiting_bytes > MAX_WAITING_BYTES:
            raise WireError("the kernel process sends batches and no answer")
        self._waiting.append((batch, len(payload) + _BATCH_BYTES))


def _error(payload: bytes) -> TwtuiError:
    fields = unpack_json(payload)
    return error_from_wire(
        {
            **fields,
            # for a terminal; the log is shown on demand, and to a log
            "message": harmless(str(fields.get("message", "unknown error"))),
            "hint": harmless(str(fields.get("hint", ""))),
            "log": str(fields.get("log", ""))[-_MOST_LOG:],
        }
    )
