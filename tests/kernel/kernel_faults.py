"""Makes the kernel say no: stands where twtui calls it, counts every call, and fails the chosen ones.

Also runs the kernel process's loop inside the test's own process, one step at a time, so that which
call comes when does not depend on the clock.
"""

from __future__ import annotations

import ctypes as ct
import errno
import mmap
import os
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kernel_harness import objects_of

from twtui.backend.channel import Channel
from twtui.backend.kernel_process import KernelProcess
from twtui.backend.live import LiveBackend
from twtui.errors import TwtuiError
from twtui.kernel.bpf import libbpf, map_memory
from twtui.kernel.serve import Server
from twtui.wire.frames import FrameKind

ERRNOS = {
    "_btf_load": errno.EMFILE,
    "_info_by_fd": errno.EINVAL,
    "_link_create": errno.EBUSY,
    "_map_update": errno.E2BIG,
    "_syscall": errno.EMFILE,
    "mmap": errno.EAGAIN,
}
"""What a call fails with, where it is not ENOMEM."""
_NEVER_FAILS = {"btf_free"}
_MAKES_OBJECT = {"_map_create", "_prog_load", "_link_create", "_raw_tracepoint_open"}


@dataclass(frozen=True, order=True)
class Point:
    """One call of a run."""

    step: str
    call: str
    number: int
    """Of this call in this step, from 0."""


@dataclass
class KernelCalls:
    """What stands between twtui and the kernel."""

    fails: Callable[[Point], bool] = lambda _: False
    """Asked for every call."""
    step: str = ""
    made: list[Point] = field(default_factory=list)
    failed: list[Point] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Every call that can fail."""
    objects: dict[str, set[int]] = field(
        default_factory=lambda: {"prog": set(), "map": set(), "link": set()}
    )
    """Ids of all that was made in the kernel, in every run."""
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def begin(self, step: str) -> None:
        """What is called from now on belongs to this step of the run."""
        self.step = step

    def reset(self, fails: Callable[[Point], bool] = lambda _: False) -> None:
        """For another run."""
        self.fails, self.step = fails, ""
        self.made, self.failed = [], []
        self._counts.clear()

    def _refuses(self, name: str) -> bool:
        point = Point(self.step, name, self._counts[self.step, name])
        self._counts[self.step, name] += 1
        self.made.append(point)
        if not self.fails(point):
            return False
        self.failed.append(point)
        return True

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of every C function of ``libbpf``, and of ``mmap``."""
        kinds = (type(libbpf._lib.bpf_map_create), type(libbpf._libc.syscall))
        for name, function in list(vars(libbpf).items()):
            if isinstance(function, kinds) and name not in _NEVER_FAILS:
                self.names.add(name)
                monkeypatch.setattr(libbpf, name, self._instead_of(name, function))
        self.names.add("mmap")
        constants = {name: getattr(mmap, name) for name in ("PROT_READ", "PROT_WRITE")}
        monkeypatch.setattr(map_memory, "mmap", SimpleNamespace(mmap=self._mmap, **constants))

    def _instead_of(self, name: str, function: Any) -> Callable[..., Any]:
        number = ERRNOS.get(name, errno.ENOMEM)
        refusal = -number if function.restype in (ct.c_int, ct.c_uint32) else None

        def call(*arguments: Any) -> Any:
            if self._refuses(name):
                ct.set_errno(number)
                return refusal
            result = function(*arguments)
            if name in _MAKES_OBJECT and result >= 0:
                for kind, ids in objects_of(Path(f"/proc/self/fdinfo/{result}")).items():
                    self.objects[kind] |= ids
            return result

        return call

    def _mmap(self, *arguments: Any, **named: Any) -> mmap.mmap:
        if self._refuses("mmap"):
            raise OSError(ERRNOS["mmap"], os.strerror(ERRNOS["mmap"]))
        return mmap.mmap(*arguments, **named)


class _Stepping(Channel):
    """Lets the other side of it take a step before it looks for what that has sent."""

    def __init__(self, connection: socket.socket, server: Server) -> None:
        super().__init__(connection)
        self._server = server

    def _receive(self, _timeout_s: float, wanted: FrameKind | None) -> bytes | None:
        self._server.step()
        return super()._receive(0, wanted)


class _HereProcess(KernelProcess):
    """The loop of a kernel process and its user in one process; nothing else is different."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair()
        self._server = Server(self._theirs.fileno(), self._theirs.fileno())
        self._channel = _Stepping(ours, self._server)
        self._ahead_ns = 0

    @property
    def pid(self) -> int:
        return os.getpid()

    def end(self) -> None:
        self._channel.close()
        self._server.close()
        self._theirs.close()

    def _died(self) -> TwtuiError:
        return TwtuiError("the loop has ended", "it may not")


class _Here:
    """A source of such processes."""

    def take(self) -> KernelProcess:
        return _HereProcess()

    def give_back(self, kernel: KernelProcess) -> None:
        kernel.end()


class SameProcess(LiveBackend):
    """The live backend with both sides of its socket in this process."""

    def __init__(self) -> None:
        super().__init__(_Here())


def is_in_words(error: TwtuiError) -> bool:
    """One line what happened, one line what to do, and an exit code."""
    lines = (error.message, error.hint)
    return all(line.strip() and "\n" not in line for line in lines) and error.exit_code > 0
