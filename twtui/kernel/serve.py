"""The kernel process's loop: requests in, answers and batches out; what comes in is not trusted."""

from __future__ import annotations

import os
import select
import struct
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twtui import __version__
from twtui.errors import TwtuiError, UsageError
from twtui.kernel.compiling.program_cache import OFF_VARIABLE
from twtui.kernel.doctor.checks import run_checks
from twtui.kernel.doctor.program_trials import run_trials
from twtui.kernel.outbox import Outbox
from twtui.kernel.processes.process_table import mapped_paths, process_rows
from twtui.kernel.run.session import Session
from twtui.model.plan import Plan, command_from_wire
from twtui.wire.batches import pack_batch
from twtui.wire.frames import (
    MAX_REQUEST_BYTES,
    REQUESTS,
    FrameKind,
    FrameReader,
    pack_frame,
    pack_json,
    unpack_json,
)
from twtui.wire.layout import WireError

POLL_INTERVAL_S = 0.02
MAX_UNSENT_BYTES = 48 << 20
"""With more than that unsent, the ring is left alone and counts what it drops; no request is read."""
_READ_BYTES = 1 << 16


class Server:
    """Serves one user process until that closes its side; a run at a time.

    Args:
        reading: Descriptor of what comes in.
        writing: Descriptor of what goes out; may be of the same socket.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        for number in (reading, writing):
            os.set_blocking(number, False)
        self._reader = FrameReader(REQUESTS, MAX_REQUEST_BYTES)
        self._requests: deque[tuple[FrameKind, bytes]] = deque()
        self._outbox = Outbox(writing)
        self._session: Session | None = None
        self._open = True

    def run(self) -> None:
        """Until the other side closes or breaks the protocol; then everything in the kernel ends with us."""
        try:
            while self.step():
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        except WireError as error:
            with suppress(OSError):
                self._outbox.put(pack_json(FrameKind.ERROR, error.to_wire()))
        finally:
            self.close()

    def step(self) -> bool:
        """Wait for a request, briefly while a plan runs; answer one; send what came since.

        Returns:
            False when the other side has closed.
        """
        self._wait()
        self._answer_next()
        self._poll_session()
        return self._open

    def close(self) -> None:
        """End the run and give back what is in the kernel. Idempotent."""
        session, self._session = self._session, None
        if session:
            session.close()

    @property
    def _is_behind(self) -> bool:
        return self._outbox.unsent_bytes > MAX_UNSENT_BYTES

    def _wait(self) -> None:
        timeout_s = POLL_INTERVAL_S if self._session and not self._session.ended else None
        if self._requests and not self._is_behind:
            timeout_s = 0.0
        # one that asks and never takes the answers is not listened to
        readers = [] if self._requests or self._is_behind else [self._reading]
        writers = [self._writing] if self._outbox.unsent_bytes else []
        readable, writable, _ = select.select(readers, writers, [], timeout_s)
        if readable:
            with suppress(BlockingIOError):
                data = os.read(self._reading, _READ_BYTES)
                self._open = bool(data)
                self._requests += self._reader.feed(data)
        if writable:
            self._outbox.flush()

    def _answer_next(self) -> None:
        """One request, so that a flood of them is no flood of answers."""
        if not self._requests or self._is_behind or not self._open:
            return
        kind, payload = self._requests.popleft()
        try:
            answer = self._answer(kind, payload)
        except TwtuiError as error:
            answer = pack_json(FrameKind.ERROR, error.to_wire())
        except (ValueError, TypeError, OverflowError, struct.error, RecursionError) as error:
            # numbers that no kernel interface takes; the session has undone what it had begun
            refused = UsageError(f"not a request that can be carried out: {error}")
            answer = pack_json(FrameKind.ERROR, refused.to_wire())
        # the other answers say that no batch of before will come any more
        self._outbox.put(answer, ahead=kind is FrameKind.COMMAND)

    def _answer(self, kind: FrameKind, payload: bytes) -> bytes:
        match kind:
            case FrameKind.HELLO:
                return self._welcome(unpack_json(payload))
            case FrameKind.DOCTOR:
                return pack_json(FrameKind.CHECKS, {"checks": run_checks()})
            case FrameKind.PROGRAMS:
                return pack_json(FrameKind.TRIALS, {"programs": run_trials()})
            case FrameKind.PROCESSES:
                return pack_json(FrameKind.TABLE, {"processes": process_rows()})
            case FrameKind.FILES:
                paths = mapped_paths(int(unpack_json(payload).get("pid", 0)))
                return pack_json(FrameKind.PATHS, {"paths": paths})
            case FrameKind.OPEN:
                if self._session:
                    raise UsageError("a plan is open already")
                self._session = Session(Plan.from_wire(unpack_json(payload)))
                return pack_json(FrameKind.INFO, self._session.info)
            case FrameKind.COMMAND:
                if not self._session or self._session.ended:
                    raise UsageError("no plan is open")
                self._session.send(command_from_wire(unpack_json(payload)))
                return pack_frame(FrameKind.DONE)
            case FrameKind.CLOSE:
                self.close()
                return pack_frame(FrameKind.DONE)
        raise UsageError(f"{kind.name} is not a request")

    def _welcome(self, fields: Mapping[str, Any]) -> bytes:
        if fields.get("cache") is False:
            os.environ[OFF_VARIABLE] = "1"
        about = {"version": __version__, "pid": os.getpid(), "at_ns": time.monotonic_ns()}
        return pack_json(FrameKind.WELCOME, about)

    def _poll_session(self) -> None:
        session = self._session
        if not session or session.ended or self._is_behind:
            return
        try:
            batch = session.poll()
        except TwtuiError as error:
            self.close()
            self._outbox.put(pack_json(FrameKind.ERROR, error.to_wire()))
            return
        if batch.records or batch.reading or batch.notes or batch.captures or batch.mode:
            self._outbox.put(pack_frame(FrameKind.BATCH, pack_batch(batch)))
        if batch.end:
            session.close()
