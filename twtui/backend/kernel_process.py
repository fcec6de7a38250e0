"""One kernel process: started by a command, greeted, and ended; with it goes everything in the kernel."""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from twtui.backend.channel import Channel, ClosedError
from twtui.errors import TwtuiError, UsageError
from twtui.harmless import harmless, harmless_lines
from twtui.model.batch import Batch
from twtui.model.bounds import I64, U32, whole
from twtui.wire.frames import FrameKind, OtherVersionError, pack_frame, pack_json, unpack_json
from twtui.wire.layout import WireError

OWN_COMMAND = (sys.executable, "-I", "-m", "twtui.kernel")
"""Isolated, as it may run as root: no module of the working directory or of PYTHONPATH comes before ours."""
GREETING_TIMEOUT_S = 20.0
_END_TIMEOUT_S = 3.0
_LAST_LINES, _MOST_SAID_BYTES = 5, 1 << 16
_OFF_VARIABLE = "TWTUI_NO_CACHE"


class KernelProcessError(TwtuiError):
    """The kernel process ended or said something that is not of the protocol."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a kernel process is reached."""

    command: tuple[str, ...] = OWN_COMMAND
    name: str = "the kernel process"
    """For messages."""
    explain: Callable[[int | None, str], TwtuiError | None] = lambda _status, _said: None
    """Words for an end before the greeting: from the command's exit status and what it said."""
    asks: bool = False
    """The command may ask a person at the terminal, and keeps that until it is greeted."""
    ignores_interrupts: bool = False
    """A Ctrl-C at the terminal is for us alone, also while the command is in its foreground."""
    greeting_timeout_s: float = GREETING_TIMEOUT_S


OWN_WAY = Way()


class _Said:
    """What a command prints, its last part kept; shown at once until it is greeted, if a person waits."""

    def __init__(self, stream: IO[bytes], shown: bool) -> None:
        self._stream = stream
        self.shown = shown
        self._kept = b""
        self._reader = threading.Thread(target=self._read, name="twtui-said", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._stream.fileno(), _MOST_SAID_BYTES):
                self._kept = (self._kept + data)[-_MOST_SAID_BYTES:]
                if self.shown:
                    said = harmless_lines(decoder.decode(data).replace("\r", ""))
                    os.write(2, said.encode())

    def close(self) -> None:
        """Stop reading, once nobody can write any more."""
        self._reader.join(0.5)
        if not self._reader.is_alive():
            self._stream.close()

    def text(self) -> str:
        """All that is kept; waits a moment for the last of it."""
        self._reader.join(0.5)
        return self._kept.decode(errors="replace")


@contextlib.contextmanager
def _interrupts_ignored(ignored: bool) -> Iterator[None]:
    """Within it, what is started ignores SIGINT from its first moment on."""
    if not ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class KernelProcess:
    """A kernel process that has been greeted.

    Args:
        way: How it is reached.
        started: Called as soon as it has been started or could not be, before there is a thread.

    Raises:
        TwtuiError: It could not be started, or is not one of ours.
    """

    def __init__(self, way: Way = OWN_WAY, started: Callable[[], None] = lambda: None) -> None:
        self.way = way
        self._closed = False
        self._closing = threading.Lock()
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            started()
            raise KernelProcessError(
                f"{way.name} cannot be started: {error.strerror}", "see to free files and memory"
            ) from None
        self._channel = Channel(ours)
        try:
            with theirs, _interrupts_ignored(way.ignores_interrupts):
                self._process = subprocess.Popen(
                    way.command,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    # one that asks needs the terminal
                    start_new_session=not way.asks,
                )
        except OSError as error:
            self._channel.close()
            raise KernelProcessError(
                f"{way.name} cannot be started: {way.command[0]}: {error.strerror}",
                "twtui doctor says more",
            ) from None
        finally:
            started()
        assert self._process.stderr is not None
        self._said = _Said(self._process.stderr, way.asks)
        try:
            self._greet()
        except BaseException:
            self.end()
            raise
        finally:
            self._said.shown = False

    @property
    def pid(self) -> int:
        """PID of what was started; 0 when it does not run any more."""
        return self._process.pid if self._process.poll() is None else 0

    def now_ns(self) -> int:
        """CLOCK_MONOTONIC where it runs."""
        return time.monotonic_ns() + self._ahead_ns

    def _greet(self) -> None:
        about = {"cache": not os.environ.get(_OFF_VARIABLE)}
        asked_ns = time.monotonic_ns()
        try:
            answer = self.ask(
                FrameKind.HELLO, about, FrameKind.WELCOME, self.way.greeting_timeout_s
            )
        except OtherVersionError as error:
            raise KernelProcessError(f"{self.way.name}: {error.message}", error.hint) from None
        except WireError as error:
            raise KernelProcessError(
                f"{self.way.name} answers with something else: {error.message}",
                "see that nothing else is printed there, by a login script for instance",
            ) from None
        now_ns = time.monotonic_ns()
        try:
            self._ahead_ns = whole(answer["at_ns"], I64) - (asked_ns + now_ns) // 2
            self.serving_pid = whole(answer["pid"], U32)
            """Its PID where it runs."""
        except (KeyError, TypeError, ValueError, OverflowError):
            raise KernelProcessError(
                f"{self.way.name} does not greet", "install the same version of twtui on both sides"
            ) from None
        if self.way.command == OWN_COMMAND:
            # of the same machine, and the same clock
            self._ahead_ns = 0

    def ask(
        self,
        request: FrameKind,
        fields: Mapping[str, Any] | None,
        wanted: FrameKind,
        timeout_s: float,
    ) -> dict[str, Any]:
        """Send one request; the fields of its answer.

        Raises:
            TwtuiError: As ``Channel.ask``, or the process has ended.
        """
        packed = pack_frame(request) if fields is None else pack_json(request, fields)
        try:
            answer = self._channel.ask(packed, wanted, timeout_s)
        except ClosedError:
            raise self._died() from None
        return unpack_json(answer) if answer else {}

    def next_batch(self, timeout_s: float, cancelled: Callable[[], bool]) -> Batch | None:
        """See ``Channel.next_batch``; TwtuiError when the process has ended."""
        try:
            return self._channel.next_batch(timeout_s, cancelled)
        except ClosedError:
            raise self._died() from None

    def reset(self) -> bool:
        """End the run and keep the process; False where it does not answer."""
        try:
            self.ask(FrameKind.CLOSE, None, FrameKind.DONE, _END_TIMEOUT_S)
        except TwtuiError:
            return False
        self._channel.forget_batches()
        return True

    def end(self) -> None:
        """End it. Idempotent, from any thread; one that waits for it is woken."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._channel.shut_down()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # what belongs to root by now ends when it sees that its input has ended
            with contextlib.suppress(PermissionError):
                self._process.kill()
                self._process.wait()
        self._channel.close()
        self._said.close()

    def _died(self) -> TwtuiError:
        if self._closed:
            return UsageError("the run was closed")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        status = self._process.poll()
        said = self._said.text()
        if not self._channel.heard and (known := self.way.explain(status, said)):
            return known
        lines = [line for line in said.splitlines() if line.strip()][-_LAST_LINES:]
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return KernelProcessError(
            f"{self.way.name} ended unexpectedly ({how})"
            + (f": {harmless(lines[-1].strip())}" if lines else ""),
            "nothing of it stays in the kernel; start again, and report the log if it comes back",
            said,
        )
