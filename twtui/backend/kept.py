"""A kernel process that serves one run after the other, where another could not be had without asking."""

from __future__ import annotations

import threading
from collections.abc import Callable

from twtui.backend.kernel_process import KernelProcess, KernelProcessError
from twtui.errors import TwtuiError
from twtui.wire.frames import FrameKind
from twtui.wire.processes import ProcessFields, unpack_paths, unpack_processes

_PATIENCE_S = 15.0
"""For the end of the run before."""
_TABLE_TIMEOUT_S = 20.0


class KeptProcess:
    """A source of one kernel process; started at its first use, by ``start``."""

    def __init__(self, start: Callable[[], KernelProcess]) -> None:
        self._start = start
        self._kernel: KernelProcess | None = None
        self._failed: TwtuiError | None = None
        self._taken = False
        self._changed = threading.Condition()

    @property
    def is_connected(self) -> bool:
        """It has been started, and has not ended as far as is known."""
        return self._kernel is not None and self._failed is None

    def connect(self) -> KernelProcess:
        """The process, started when this is the first time.

        Raises:
            TwtuiError: It could not be started, now or then, or has ended since.
        """
        with self._changed:
            if self._failed:
                raise self._failed
            if self._kernel is None:
                try:
                    self._kernel = self._start()
                except TwtuiError as error:
                    self._failed = error
                    raise
            return self._kernel

    def take(self) -> KernelProcess:
        """See ``Source.take``; waits for the end of the run before."""
        kernel = self.connect()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._taken, _PATIENCE_S):
                raise TwtuiError("the run before does not end", "start twtui again")
            if self._failed:
                raise self._failed
            self._taken = True
        return kernel

    def give_back(self, kernel: KernelProcess) -> None:
        """See ``Source.give_back``; a process that does not answer any more is given up."""
        is_well = kernel.reset()
        if not is_well:
            kernel.end()
        with self._changed:
            self._taken = False
            if not is_well:
                self._failed = KernelProcessError(
                    "the kernel process has ended", "start twtui again"
                )
            self._changed.notify_all()

    def processes(self) -> list[ProcessFields]:
        """The processes where it runs. From any thread.

        Raises:
            TwtuiError: It does not answer.
        """
        answer = self.connect().ask(FrameKind.PROCESSES, None, FrameKind.TABLE, _TABLE_TIMEOUT_S)
        return unpack_processes(answer)

    def mapped_files(self, pid: int) -> frozenset[str] | None:
        """Which files a process there has mapped; None where they may not be seen. From any thread.

        Raises:
            TwtuiError: It does not answer.
        """
        answer = self.connect().ask(
            FrameKind.FILES, {"pid": pid}, FrameKind.PATHS, _TABLE_TIMEOUT_S
        )
        return unpack_paths(answer)

    def end(self) -> None:
        """End the process. Idempotent."""
        with self._changed:
            kernel, self._kernel = self._kernel, None
            self._failed = self._failed or KernelProcessError("the kernel process has ended")
        if kernel:
            kernel.end()
