"""The live backend: starts the kernel process and speaks the protocol with it."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from typing import IO, Any

from twtui.errors import TwtuiError, UsageError, error_from_wire
from twtui.frames import FrameKind, FrameReader, pack_frame, pack_json, unpack_json
from twtui.model.batch import Batch
from twtui.model.plan import Command, Plan, command_to_wire
from twtui.model.snapshot import BackendInfo
from twtui.wire import WireError, unpack_batch

_OPEN_TIMEOUT_S = 300.0
"""The compiler takes a second, and minutes on an emulated machine; a process that dies is noticed at once."""
_COMMAND_TIMEOUT_S = 10.0
_END_TIMEOUT_S = 3.0
_READ_BYTES = 1 << 20
_LAST_LINES = 5
_ISOLATED = ("-I",)
"""It runs as root: no module of the working directory or of PYTHONPATH may come before ours."""


class KernelProcessError(TwtuiError):
    """The kernel process ended or said something that is not of the protocol."""


class LiveBackend:
    """A run in the kernel. ``close`` may come from any thread, the rest from one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._stderr: IO[bytes] | None = None
        self._frames = FrameReader()
        self._waiting: deque[Batch] = deque()
        self._failure: TwtuiError | None = None
        self._closing = threading.Lock()
        self._closed = False

    @property
    def kernel_pid(self) -> int:
        """PID of the kernel process; 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def doctor(self) -> list[dict[str, Any]]:
        """What works here: checks with name, answer, detail, fix, required and exit_code."""
        return self._ask(FrameKind.DOCTOR, FrameKind.CHECKS, "checks")

    def programs(self) -> list[dict[str, Any]]:
        """Which program types may schedule: trials with type, kfunc, answer and detail."""
        return self._ask(FrameKind.PROGRAMS, FrameKind.TRIALS, "programs")

    def _ask(self, request: FrameKind, wanted: FrameKind, name: str) -> list[dict[str, Any]]:
        self._start()
        try:
            answer = self._request(pack_frame(request), wanted, _OPEN_TIMEOUT_S)
            return list(unpack_json(answer)[name])
        finally:
            self.close()

    def open(self, plan: Plan) -> BackendInfo:
        """Compile, load and attach; see ``Backend.open``."""
        self._start()
        try:
            request = pack_json(FrameKind.OPEN, plan.to_wire())
            info = unpack_json(self._request(request, FrameKind.INFO, _OPEN_TIMEOUT_S))
        except BaseException:
            self.close()
            raise
        return BackendInfo(
            name="live",
            kernel=str(info["kernel"]),
            kfunc_variant=str(info["kfunc_variant"]),
            bcc=str(info["bcc"]),
            clock_offset_ns=int(info["clock_offset_ns"]),
        )

    def poll(self, timeout_s: float) -> Batch:
        """The next batch; see ``Backend.poll``."""
        deadline_s = time.monotonic() + timeout_s
        while not self._waiting:
            if self._failure:
                raise self._failure
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return Batch(time.monotonic_ns())
            try:
                if not self._receive(left_s, None):
                    return Batch(time.monotonic_ns())
            except TwtuiError as error:
                # batches that came with it, or before it, are delivered first
                self._failure = error
        return self._waiting.popleft()

    def send(self, command: Command) -> None:
        """Change the run; see ``Backend.send``."""
        request = pack_json(FrameKind.COMMAND, command_to_wire(command))
        self._request(request, FrameKind.DONE, _COMMAND_TIMEOUT_S)

    def close(self) -> None:
        """End the kernel process; with it goes everything in the kernel."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._process:
            try:
                self._process.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._socket:
            self._socket.close()
        if self._stderr:
            self._stderr.close()

    def _start(self) -> None:
        try:
            self._socket, theirs = socket.socketpair()
            with theirs:
                self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
                self._process = subprocess.Popen(
                    [sys.executable, *_ISOLATED, "-m", "twtui.kernel", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=self._stderr,
                    stderr=self._stderr,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            self.close()
            raise KernelProcessError(
                f"the kernel process could not be started: {error.strerror}",
                "see to free memory, processes, open files and room in the temporary directory",
            ) from None

    def _request(self, request: bytes, wanted: FrameKind, timeout_s: float) -> bytes:
        if self._closed or not self._socket:
            raise KernelProcessError("the kernel process is not running")
        try:
            self._socket.sendall(request)
        except OSError:
            raise self._died() from None
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            answer = self._receive(left_s, wanted)
            if isinstance(answer, bytes):
                return answer
        raise KernelProcessError(
            f"the kernel process did not answer within {timeout_s:.0f} s", "try again"
        )

    def _receive(self, timeout_s: float, wanted: FrameKind | None) -> bytes | bool:
        """Wait once for data. The wanted answer; or True when something came, False when nothing."""
        assert self._socket is not None
        try:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return False
            data = self._socket.recv(_READ_BYTES)
        except (OSError, ValueError):
            data = b""
        if not data:
            raise self._died()
        answer: bytes | bool = True
        error: TwtuiError | None = None
        for kind, payload in self._frames.feed(data):
            if kind is FrameKind.BATCH:
                self._waiting.append(unpack_batch(payload))
            elif kind is FrameKind.ERROR:
                error = error_from_wire(unpack_json(payload))
            elif kind is wanted:
                answer = payload
            else:
                raise WireError(f"unexpected {kind.name} from the kernel process")
        if error:
            raise error
        return answer

    def _died(self) -> TwtuiError:
        if self._closed:
            return UsageError("the run was closed")
        said = ""
        if self._process and self._stderr:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._stderr.seek(0)
            said = self._stderr.read().decode(errors="replace")
        status = self._process.poll() if self._process else None
        lines = [line for line in said.splitlines() if line.strip()][-_LAST_LINES:]
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return KernelProcessError(
            f"the kernel process ended unexpectedly ({how})"
            + (f": {lines[-1].strip()}" if lines else ""),
            "nothing of it stays in the kernel; start again, and report the log if it comes back",
            said,
        )
