"""Runs the compiler in child processes, one a map kind, and takes over what they made.

BCC is not safe to run in two threads, LLVM ends its process on some errors, and its memory is
never given back. A child each is faster on two cores, survives that, and takes the memory along.
They are forked from one that has imported BCC, so that it is imported once and never in here.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from twtui.errors import CompileError, TwtuiError, UnsupportedError, error_from_wire
from twtui.kernel.compiling.compiled_form import pack_compiled, unpack_compiled
from twtui.kernel.compiling.compiler import Compiled, compile_module, import_bcc
from twtui.kernel.compiling.source import bpf_directory
from twtui.model.enums import MapKind

_MADE, _FAILED = b"+", b"-"
_REDEFINED = "redefinition of 'bpf_task_work'"
_OWN_STRUCT = "-DTW_HAVE_BPF_TASK_WORK"


@dataclass(frozen=True, slots=True)
class CompileJob:
    """The arguments of one ``compile_module``."""

    map_kind: MapKind
    defines: tuple[str, ...]
    programs: tuple[str, ...]
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Worker:
    """A job in a process of its own, and the pipe on which it answers."""

    job: CompileJob
    reading: int
    writing: int
    said: IO[bytes]
    """BCC reports compile errors only on standard error."""

    @classmethod
    def of(cls, job: CompileJob) -> _Worker:
        return cls(job, *os.pipe(), tempfile.TemporaryFile())


def compile_side_by_side(jobs: Sequence[CompileJob]) -> list[Compiled]:
    """Compile every job in a process of its own.

    Raises:
        CompileError: One failed, or its process died.
        UnsupportedError: BCC is not there.
    """
    results = _run(jobs)
    # BCC 0.37 and later declare struct bpf_task_work themselves, earlier ones do not
    again = {
        number: replace(job, defines=(*job.defines, _OWN_STRUCT))
        for number, (job, result) in enumerate(zip(jobs, results, strict=True))
        if isinstance(result, CompileError)
        and _REDEFINED in result.log
        and _OWN_STRUCT not in job.defines
    }
    for number, result in zip(again, _run(list(again.values())), strict=True):
        results[number] = result
    for result in results:
        if isinstance(result, TwtuiError):
            raise result
    return [result for result in results if isinstance(result, Compiled)]


def _run(jobs: Sequence[CompileJob]) -> list[Compiled | TwtuiError]:
    if not jobs:
        return []
    workers = [_Worker.of(job) for job in jobs]
    pid = _fork(lambda: _start_all(workers))
    for worker in workers:
        os.close(worker.writing)
    results = [_result(worker) for worker in workers]
    os.waitpid(pid, 0)
    return results


def _fork(work: Callable[[], None]) -> int:
    """Do it in a child, which ends without the exit handlers and buffers of its parent."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except Exception:
        # on descriptor 2, which is what a compiler says, and not on what stands in for standard error here
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(status)


def _start_all(workers: Sequence[_Worker]) -> None:
    """Import BCC once, compile in a child each, and wait for them."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for worker in workers:
        os.close(worker.reading)
    try:
        import_bcc()
    except UnsupportedError as error:
        for worker in workers:
            _answer(worker, _FAILED + json.dumps(error.to_wire()).encode())
        return
    pids = []
    for worker in workers:
        pids.append(_fork(lambda worker=worker: _compile(worker)))  # type: ignore[misc]
        # with the child its last writer goes, and the reader sees the end
        os.close(worker.writing)
    for pid in pids:
        os.waitpid(pid, 0)


def _compile(worker: _Worker) -> None:
    for number in (1, 2):
        os.dup2(worker.said.fileno(), number)
    # BCC looks for headers in the working directory first, and takes ARCH from the environment
    os.chdir(bpf_directory())
    os.environ.pop("ARCH", None)
    job = worker.job
    try:
        made = compile_module(job.map_kind, job.defines, job.programs, job.sources)
    except TwtuiError as error:
        _answer(worker, _FAILED + json.dumps(error.to_wire()).encode())
    else:
        _answer(worker, _MADE + pack_compiled(made))


def _answer(worker: _Worker, payload: bytes) -> None:
    with os.fdopen(worker.writing, "wb", closefd=False) as pipe:
        pipe.write(payload)


def _result(worker: _Worker) -> Compiled | TwtuiError:
    """What a worker made, or why not; also when it died before it could say."""
    with os.fdopen(worker.reading, "rb") as pipe, worker.said:
        answer = pipe.read()
        worker.said.seek(0)
        said = worker.said.read().decode(errors="replace")
    try:
        if answer[:1] == _MADE:
            return unpack_compiled(answer[1:])
        if answer[:1] == _FAILED:
            return error_from_wire({**json.loads(answer[1:]), "log": said})
    except ValueError:
        pass
    return CompileError(
        f"the compiler died on the {worker.job.map_kind} programs",
        "see the log (-v), and report it with the output of twtui doctor",
        said,
    )
