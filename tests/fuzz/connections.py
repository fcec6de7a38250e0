"""What comes over a connection: frames from the kernel process, and frames to it."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

from hypothesis import strategies as st

from tests.unit.support import plan
from twtui.backend.channel import Channel, ClosedError
from twtui.backend.live import LiveBackend, _info
from twtui.commands import doctor
from twtui.host import Host, _row
from twtui.kernel import serve
from twtui.kernel.compiling.program_cache import OFF_VARIABLE
from twtui.kernel.run.capture_program import pack_capture, plan_symbols
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.plan import Plan
from twtui.ui.glyphs import UNICODE
from twtui.ui.views.findings import findings_lines
from twtui.wire.frames import FrameKind, pack_frame, pack_json, unpack_json
from twtui.wire.processes import unpack_paths, unpack_processes

from .harness import Harness, changed_bytes, changed_json, hostile_bytes, json_values
from .runs import PACKED, fold_and_show, show


def _answers(given: tuple[FrameKind, bytes]) -> None:
    """Bytes from the kernel process, in the place of each answer and between them."""
    kind, data = given
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        channel = Channel(ours)
        with contextlib.suppress(ClosedError):
            answer = channel.ask(b"", kind, 5)
            take(kind, unpack_json(answer) if answer else {})
            while (batch := channel.next_batch(0)) is not None:
                fold_and_show(batch)


def take(kind: FrameKind, fields: dict[str, Any]) -> None:
    """What is made of an answer."""
    match kind:
        case FrameKind.INFO:
            show(fold.snapshot(fold.opened(fold.starting(plan()), _info(fields))))
        case FrameKind.TABLE:
            for one in unpack_processes(fields):
                _row(one, 0.0, False)
        case FrameKind.PATHS:
            unpack_paths(fields)
        case FrameKind.CHECKS:
            _reports(fields.get("checks"), "name")
        case FrameKind.TRIALS:
            _reports(fields.get("programs"), "type")


class _Answering:
    """A kernel process that has one answer."""

    def __init__(self, fields: Any) -> None:
        self._fields = fields
        self.serving_pid = 1

    def take(self) -> Any:
        return self

    def give_back(self, _kernel: Any) -> None:
        return

    def ask(self, *_: Any) -> Any:
        return self._fields

    def connect(self) -> Any:
        return self

    def processes(self) -> Any:
        return unpack_processes(self._fields)


def _reports(found: Any, name: str) -> None:
    live = LiveBackend(_Answering({"checks": found, "programs": found}))
    if name == "type":
        doctor.report([], False, live.programs())
        return
    checks = live.doctor()
    for as_json in (False, True):
        doctor.report(checks, as_json)
    findings_lines(checks, "a", "b", 100, UNICODE)


ANSWERS: dict[FrameKind, Any] = {
    FrameKind.INFO: {"kernel": "6.18", "kfunc_variant": "_impl", "bcc": "0.31", "clock_offset_ns": 5},
    FrameKind.TABLE: {"processes": [[7, 1, "root", 1, 5, "S", "shop", "shop -x", False, 1]] * 2},
    FrameKind.PATHS: {"paths": ["/usr/lib/libc.so.6"]},
    FrameKind.CHECKS: {
        "checks": [
            {"name": "kernel", "answer": "no", "detail": "old", "fix": "new", "required": True, "exit_code": 4}
        ]
    },
    FrameKind.TRIALS: {
        "programs": [{"type": "XDP", "kfunc": "a_signal", "answer": "accepted", "detail": ""}]
    },
    FrameKind.ERROR: {"kind": "UsageError", "message": "bad", "hint": "good", "log": "x"},
    FrameKind.WELCOME: {"version": "1", "pid": 1, "at_ns": 5},
}  # fmt: skip


def _answer_bytes(kind: FrameKind) -> st.SearchStrategy[tuple[FrameKind, bytes]]:
    sound = pack_json(kind, ANSWERS[kind])
    batch = pack_frame(FrameKind.BATCH, PACKED)
    return st.one_of(
        changed_json(ANSWERS[kind]).map(lambda value: pack_json(kind, value)),
        changed_bytes(batch + sound + batch),
        hostile_bytes,
        json_values.map(lambda value: batch + pack_json(kind, value)),
    ).map(lambda data: (kind, data))


class _Session:
    """A session without a kernel: what a plan leads to before the kernel is asked, is real."""

    ended = False
    info: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, made: Plan) -> None:
        symbols = plan_symbols(made)
        for watch in made.watches:
            pack_capture(watch, symbols)

    def send(self, _command: object) -> None:
        return

    def poll(self) -> Batch:
        return Batch(5)

    def close(self) -> None:
        return


def _requests(data: bytes) -> None:
    """Bytes to the kernel process, which does all but what takes a kernel."""
    ours, theirs = socket.socketpair()
    names = ("Session", "run_checks", "run_trials", "process_rows", "mapped_paths")
    before = [getattr(serve, name) for name in names]
    fakes = (_Session, list, list, list, lambda _: None)
    off = os.environ.get(OFF_VARIABLE)
    try:
        for name, fake in zip(names, fakes, strict=True):
            setattr(serve, name, fake)
        with ours, theirs:
            ours.sendall(data)
            ours.shutdown(socket.SHUT_WR)
            serve.Server(theirs.fileno(), theirs.fileno()).run()
    finally:
        for name, one in zip(names, before, strict=True):
            setattr(serve, name, one)
        os.environ.pop(OFF_VARIABLE, None)
        if off is not None:
            os.environ[OFF_VARIABLE] = off


_HELLO = pack_json(FrameKind.HELLO, {"cache": True})
_OPEN = plan("uprobe:/x:f", "str(*(sym:environ))").to_wire()
_STREAM = (
    _HELLO
    + pack_frame(FrameKind.DOCTOR)
    + pack_json(FrameKind.FILES, {"pid": 1})
    + pack_json(FrameKind.OPEN, _OPEN)
    + pack_json(FrameKind.COMMAND, {"command": "capture", "watch": 0, "capture": "str(arg1)"})
    + pack_frame(FrameKind.CLOSE)
)
_request_streams = st.one_of(
    changed_bytes(_STREAM),
    hostile_bytes,
    changed_json(_OPEN).map(lambda value: _HELLO + pack_json(FrameKind.OPEN, value)),
    st.tuples(
        st.sampled_from([FrameKind.HELLO, FrameKind.FILES, FrameKind.OPEN, FrameKind.COMMAND]),
        json_values,
    ).map(lambda pair: pack_json(FrameKind.OPEN, _OPEN) + pack_json(*pair)),
)


def _host(fields: Any) -> None:
    """Processes of another machine, twice, as CPU shares come of two readings."""
    if not isinstance(fields, dict):
        return
    clock = iter(range(1, 100))
    host = Host("box", _Answering(fields), lambda: float(next(clock)))  # type: ignore[arg-type]
    host.read()
    host.read()


CONNECTIONS: dict[str, Harness] = {
    "frames from the kernel process": Harness(
        st.sampled_from(sorted(ANSWERS)).flatmap(_answer_bytes),
        _answers,
        3,
        (FrameKind.TABLE, pack_json(FrameKind.TABLE, ANSWERS[FrameKind.TABLE])),
    ),
    "frames to the kernel process": Harness(_request_streams, _requests, 3, _STREAM),
    "processes of another machine": Harness(
        changed_json(ANSWERS[FrameKind.TABLE]), _host, sound=ANSWERS[FrameKind.TABLE]
    ),
}
