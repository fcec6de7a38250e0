"""The live backend: a run in a kernel process, which is new or kept from the run before."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from twtui.backend.kernel_process import KernelProcess
from twtui.errors import UsageError
from twtui.model.batch import Batch
from twtui.model.bounds import I64, MOST_NAME, text, whole
from twtui.model.plan import Command, Plan, command_to_wire
from twtui.model.snapshot import BackendInfo
from twtui.wire.frames import FrameKind
from twtui.wire.layout import WireError

_OPEN_TIMEOUT_S = 300.0
"""The compiler takes a second, and minutes on an emulated machine; a process that dies is noticed at once."""
_COMMAND_TIMEOUT_S = 10.0
_CLOSED = "the run was closed"
_CHECK = {"name": str, "answer": str, "detail": str, "fix": str, "required": bool}
_TRIAL = {"type": str, "kfunc": str, "answer": str, "detail": str}
_MOST_REPORTS = 1000
_CODES = 256


class Source(Protocol):
    """Where kernel processes come from."""

    def take(self) -> KernelProcess:
        """One that runs nothing.

        Raises:
            TwtuiError: There is none to be had.
        """
        ...

    def give_back(self, kernel: KernelProcess) -> None:
        """End its run, or it. From any thread."""
        ...


class NewProcesses:
    """A kernel process of our own for every run, with the rights that we have."""

    def take(self) -> KernelProcess:
        """See ``Source.take``."""
        return KernelProcess()

    def give_back(self, kernel: KernelProcess) -> None:
        """See ``Source.give_back``."""
        kernel.end()


class LiveBackend:
    """A run in the kernel. ``close`` may come from any thread, the rest from one."""

    def __init__(self, source: Source | None = None) -> None:
        self._source = source or NewProcesses()
        self._kernel: KernelProcess | None = None
        self._closing = threading.Lock()
        self._closed = False

    @property
    def kernel_pid(self) -> int:
        """PID of the kernel process as it was started; 0 when it does not run.

        For who looks at the process from outside, as the tests of its endings, memory and descriptors do.
        """
        return self._kernel.pid if self._kernel else 0

    def doctor(self) -> list[dict[str, Any]]:
        """What works here: checks with name, answer, detail, fix, required and exit_code."""
        return self._reports(FrameKind.DOCTOR, FrameKind.CHECKS, "checks", _CHECK)

    def programs(self) -> list[dict[str, Any]]:
        """Which program types may schedule: trials with type, kfunc, answer and detail."""
        return self._reports(FrameKind.PROGRAMS, FrameKind.TRIALS, "programs", _TRIAL)

    def _reports(
        self, request: FrameKind, wanted: FrameKind, field: str, known: Mapping[str, type]
    ) -> list[dict[str, Any]]:
        kernel = self._start()
        try:
            answer = kernel.ask(request, None, wanted, _OPEN_TIMEOUT_S)
        finally:
            self.close()
        found = answer.get(field)
        if not isinstance(found, list) or not all(_is_report(each, known) for each in found):
            raise WireError(f"the kernel process answers with no {field}")
        if len(found) > _MOST_REPORTS:
            raise WireError(f"the kernel process answers with {len(found)} {field}")
        return found

    def open(self, plan: Plan) -> BackendInfo:
        """Compile, load and attach; see ``Backend.open``."""
        kernel = self._start()
        try:
            info = kernel.ask(FrameKind.OPEN, plan.to_wire(), FrameKind.INFO, _OPEN_TIMEOUT_S)
            return _info(info)
        except BaseException:
            self.close()
            raise

    def poll(self, timeout_s: float) -> Batch:
        """The next batch; see ``Backend.poll``."""
        kernel = self._running()
        return kernel.next_batch(timeout_s, lambda: self._closed) or Batch(kernel.now_ns())

    def send(self, command: Command) -> None:
        """Change the run; see ``Backend.send``."""
        fields = command_to_wire(command)
        self._running().ask(FrameKind.COMMAND, fields, FrameKind.DONE, _COMMAND_TIMEOUT_S)

    def close(self) -> None:
        """End the run; with it goes everything in the kernel."""
        with self._closing:
            kernel = None if self._closed else self._kernel
            self._closed = True
        if kernel:
            self._source.give_back(kernel)

    def _start(self) -> KernelProcess:
        if self._closed:
            raise UsageError(_CLOSED)
        kernel = self._source.take()
        with self._closing:
            self._kernel = kernel
            if not self._closed:
                return kernel
        self._source.give_back(kernel)
        raise UsageError(_CLOSED)

    def _running(self) -> KernelProcess:
        if self._closed or not self._kernel:
            raise UsageError(_CLOSED)
        return self._kernel


def _is_report(report: object, known: Mapping[str, type]) -> bool:
    if not isinstance(report, dict):
        return False
    code = report.get("exit_code")
    return all(type(report.get(name)) is kind for name, kind in known.items()) and (
        code is None or (type(code) is int and 0 <= code < _CODES)
    )


def _info(info: dict[str, Any]) -> BackendInfo:
    try:
        return BackendInfo(
            name="live",
            kernel=text(info["kernel"], MOST_NAME),
            kfunc_variant=text(info["kfunc_variant"], MOST_NAME),
            bcc=text(info["bcc"], MOST_NAME),
            clock_offset_ns=whole(info["clock_offset_ns"], I64, -I64),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise WireError(
            f"the kernel process says nothing of itself: {text(error, 200)!r}"
        ) from None
