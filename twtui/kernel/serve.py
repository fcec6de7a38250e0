"""The kernel process's loop: requests in, answers and batches out, over one socket."""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from twtui.errors import TwtuiError, UsageError
from twtui.frames import FrameKind, FrameReader, pack_frame, pack_json, unpack_json
from twtui.kernel.checks import run_checks
from twtui.kernel.program_trials import run_trials
from twtui.kernel.session import Session
from twtui.model.plan import Plan, command_from_wire
from twtui.wire import pack_batch

POLL_INTERVAL_S = 0.02
MAX_UNSENT_BYTES = 48 << 20
"""With more than that unsent, the ring is left alone: it counts what it drops."""
_READ_BYTES = 1 << 16


class Server:
    """Serves one user process until its socket closes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._session: Session | None = None
        self._open = True

    def run(self) -> None:
        """Until the other side closes; then everything in the kernel ends with us."""
        try:
            while self.step():
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.close()

    def step(self) -> bool:
        """Wait for a request, briefly while a plan runs; answer; send what came since.

        Returns:
            False when the other side has closed.
        """
        self._wait()
        self._poll_session()
        return self._open

    def close(self) -> None:
        """Give back what is in the kernel. Idempotent."""
        if self._session:
            self._session.close()

    def _wait(self) -> None:
        timeout_s = POLL_INTERVAL_S if self._session and not self._session.ended else None
        writers = [self._connection] if self._unsent else []
        readable, writable, _ = select.select([self._connection], writers, [], timeout_s)
        if readable:
            data = self._connection.recv(_READ_BYTES)
            if not data:
                self._open = False
                return
            for kind, payload in self._reader.feed(data):
                self._answer(kind, payload)
        if writable:
            self._flush()

    def _flush(self) -> None:
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            return
        del self._unsent[:sent]

    def _send(self, frame: bytes) -> None:
        sent = 0
        if not self._unsent:
            # most often all of it goes at once, and need not be copied into the buffer
            with suppress(BlockingIOError):
                sent = self._connection.send(frame)
        self._unsent += memoryview(frame)[sent:]

    def _answer(self, kind: FrameKind, payload: bytes) -> None:
        try:
            match kind:
                case FrameKind.DOCTOR:
                    self._send(pack_json(FrameKind.CHECKS, {"checks": run_checks()}))
                case FrameKind.PROGRAMS:
                    self._send(pack_json(FrameKind.TRIALS, {"programs": run_trials()}))
                case FrameKind.OPEN:
                    if self._session:
                        raise UsageError("a plan is open already")
                    self._session = Session(Plan.from_wire(unpack_json(payload)))
                    self._send(pack_json(FrameKind.INFO, self._session.info))
                case FrameKind.COMMAND:
                    if not self._session or self._session.ended:
                        raise UsageError("no plan is open")
                    self._session.send(command_from_wire(unpack_json(payload)))
                    self._send(pack_frame(FrameKind.DONE))
                case FrameKind.CLOSE:
                    self._open = False
                case _:
                    raise UsageError(f"{kind.name} is not a request")
        except TwtuiError as error:
            self._send(pack_json(FrameKind.ERROR, error.to_wire()))

    def _poll_session(self) -> None:
        session = self._session
        if not session or session.ended or len(self._unsent) > MAX_UNSENT_BYTES:
            return
        try:
            batch = session.poll()
        except TwtuiError as error:
            session.close()
            self._session = None
            self._send(pack_json(FrameKind.ERROR, error.to_wire()))
            return
        if batch.records or batch.reading or batch.notes or batch.captures or batch.mode:
            self._send(pack_frame(FrameKind.BATCH, pack_batch(batch)))
        if batch.end:
            session.close()
