"""Runs the compiler in child processes, one a map kind, and takes over what they made.

BCC is not safe to run in two threads, LLVM ends its process on some errors, and its memory is
never given back. A child each is faster on two cores, survives that, and takes the memory along.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from twtui.errors import CompileError, TwtuiError, error_from_wire
from twtui.kernel.compiler import Module, Section, compile_module, import_bcc
from twtui.kernel.source import bpf_directory
from twtui.model.enums import MapKind

_CHUNK_BYTES = 1 << 16
_REDEFINED = "redefinition of 'bpf_task_work'"
_OWN_STRUCT = "-DTW_HAVE_BPF_TASK_WORK"


@dataclass(frozen=True, slots=True)
class CompileJob:
    """The arguments of one ``compile_module``."""

    map_kind: MapKind
    defines: tuple[str, ...]
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Child:
    job: CompileJob
    pid: int
    connection: socket.socket
    said: IO[bytes]
    """BCC reports compile errors only on standard error."""


def compile_side_by_side(jobs: Sequence[CompileJob]) -> list[Module]:
    """Compile every job in a process of its own.

    Raises:
        CompileError: One failed, or its process died; nothing of the others is kept.
        UnsupportedError: BCC is not there.
    """
    import_bcc()
    children = [_start(job) for job in jobs]
    modules, failure = [], None
    for child in children:
        try:
            modules.append(_finish(child))
        except TwtuiError as error:
            failure = failure or error
    if failure:
        for module in modules:
            module.close()
        raise failure
    return modules


def _finish(child: _Child) -> Module:
    try:
        return _take_over(child)
    except CompileError as error:
        if _REDEFINED not in error.log or _OWN_STRUCT in child.job.defines:
            raise
    # BCC 0.37 and later declare struct bpf_task_work themselves, earlier ones do not
    again = replace(child.job, defines=(*child.job.defines, _OWN_STRUCT))
    return _take_over(_start(again))


def _start(job: CompileJob) -> _Child:
    ours, theirs = socket.socketpair()
    said = tempfile.TemporaryFile()  # noqa: SIM115 - read when the child has ended
    pid = os.fork()
    if pid:
        theirs.close()
        return _Child(job, pid, ours, said)
    status = 1
    try:
        ours.close()
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # BCC looks for headers in the working directory first, and takes ARCH from the environment
        os.chdir(bpf_directory())
        os.environ.pop("ARCH", None)
        _work(job, theirs)
        status = 0
    finally:
        # no exit handlers of the parent, no buffers of the parent
        os._exit(status)


def _work(job: CompileJob, connection: socket.socket) -> None:
    fds: list[int] = []
    try:
        module = compile_module(job.map_kind, job.defines, job.programs)
        answer = {"module": _pack(module)}
        fds = [module.slots_fd, module.btf_fd]
    except TwtuiError as error:
        answer = {"error": error.to_wire()}
    payload = json.dumps(answer).encode()
    socket.send_fds(connection, [len(payload).to_bytes(4, "little")], fds)
    connection.sendall(payload)


def _receive(child: _Child) -> tuple[bytes | None, list[int]]:
    """The child's whole answer, None when it died before it had given it; and its descriptors."""
    head, fds, _, _ = socket.recv_fds(child.connection, 4, 2)
    wanted = int.from_bytes(head, "little")
    payload = b""
    while len(payload) < wanted and (chunk := child.connection.recv(_CHUNK_BYTES)):
        payload += chunk
    return (payload if len(head) == 4 and len(payload) == wanted else None), fds


def _take_over(child: _Child) -> Module:
    with child.connection, child.said:
        payload, fds = _receive(child)
        os.waitpid(child.pid, 0)
        child.said.seek(0)
        said = child.said.read().decode(errors="replace")
    if payload is None:
        for fd in fds:
            os.close(fd)
        raise CompileError(
            f"the compiler died on the {child.job.map_kind} programs",
            "see the log (-v), and report it with the output of twtui doctor",
            said,
        )
    answer = json.loads(payload)
    if "error" in answer:
        raise error_from_wire({**answer["error"], "log": said})
    return _unpack(child.job.map_kind, answer["module"], fds)


def _pack(module: Module) -> dict[str, Any]:
    return {
        "btf_ids": module.btf_ids,
        "sections": {
            name: [section.code.hex(), section.starts, section.function_ids]
            for name, section in module.sections.items()
        },
    }


def _unpack(map_kind: MapKind, fields: dict[str, Any], fds: list[int]) -> Module:
    sections = {
        name: Section(bytes.fromhex(code), tuple(starts), tuple(function_ids))
        for name, (code, starts, function_ids) in fields["sections"].items()
    }
    return Module(map_kind, fds[0], fds[1], fields["btf_ids"], sections)
