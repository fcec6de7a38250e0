"""What comes over a connection: frames in both directions, records of events, JSON Lines."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from typing import Any

from hypothesis import strategies as st

from tests.unit.support import HASH_RESUME, balanced, event, plan, reading, records
from twtui import doctor, export, plain
from twtui.backend.channel import Channel, ClosedError
from twtui.backend.lines import LinesBackend
from twtui.backend.live import LiveBackend, _info
from twtui.batch_wire import pack_batch, unpack_batch
from twtui.engine import Engine
from twtui.frames import FrameKind, pack_frame, pack_json, unpack_json
from twtui.host import Host, _row
from twtui.kernel import serve
from twtui.kernel.capture_program import pack_capture, plan_symbols
from twtui.kernel.program_cache import OFF_VARIABLE
from twtui.model import fold, python_frames
from twtui.model.batch import Batch
from twtui.model.capture import Read
from twtui.model.content import functions_of
from twtui.model.display import display_text
from twtui.model.enums import MapKind, TargetState
from twtui.model.histogram import Histogram
from twtui.model.plan import Plan
from twtui.model.python_frames import PythonFrame
from twtui.model.snapshot import BackendInfo, Snapshot, TargetView
from twtui.process_wire import unpack_paths, unpack_processes
from twtui.recording.rows import EventRows
from twtui.ui.glyphs import UNICODE
from twtui.ui.views.callbacks import callbacks_lines
from twtui.ui.views.captured import Layout, Sources, event_line
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.findings import findings_lines
from twtui.ui.views.heading import ViewState, banner_lines, heading_lines
from twtui.ui.views.health import health_line
from twtui.ui.views.latency import latency_lines
from twtui.wire import Records

from .harness import Harness, changed_bytes, changed_json, hostile_bytes, json_values

_FRAMES = python_frames.encode([PythonFrame("größe", "/srv/app.py", 3), PythonFrame("f", "b", 1)])
_EVENTS = [
    event(0), event(1, data=b"", result=-14), event(2, data=_FRAMES, capture=2),
    event(3, data=b"\x10" * 16, capture=1), event(4, registers=bytes(168)),
]  # fmt: skip
_RECORDS = records(_EVENTS)
_BATCH = Batch(
    1_000_000_000,
    _RECORDS,
    reading(
        {HASH_RESUME: balanced(5)},
        targets=(TargetView(4242, "shop", 1, TargetState.RUNNING),),
        quiet=True,
    ),
    {0: ("sample", "str(arg2)"), 1: ("sample", "stack"), 2: ("sample", "python")},
    {(4242, 0x1010101010101010): "main+0x1 (shop)"},
    "signal",
    ("a note",),
)
_PACKED = pack_batch(_BATCH)


def show(snapshot: Snapshot) -> None:
    """Everything that the screens and the text forms make of a run."""
    view = ViewState(tuple(MapKind))
    heading_lines(snapshot, view, 120, UNICODE)
    banner_lines(snapshot, 120, UNICODE)
    callbacks_lines(snapshot, 120, UNICODE, frozenset())
    latency_lines(snapshot, 60, 10, UNICODE)
    health_line(snapshot, 120, UNICODE)
    plain.opening(snapshot)
    plain.summary_lines(snapshot)
    export.summary(snapshot)
    sources = Sources.of(snapshot)
    captures = dict(enumerate(zip(snapshot.triggers, snapshot.captures, strict=True)))
    for item in snapshot.events[-8:]:
        event_line(item, sources, Layout.for_width(160), UNICODE)
        detail_lines(item, sources, 120, UNICODE)
        plain.event_line(item, captures, snapshot.info)
        export.event(item, captures, names=snapshot.names)
    EventRows(with_data=True).of(list(snapshot.events[-8:]))


def _fold_and_show(batch: Batch) -> None:
    state = fold.opened(fold.starting(plan()), BackendInfo("live"))
    found = Records(batch.records)
    for _ in range(2):
        state = fold.fold(state, batch, found, found.rows)
    show(fold.snapshot(state))


def _python(data: bytes) -> None:
    display_text(data, Read.PYTHON)
    functions_of(data, Read.PYTHON)
    python_frames.decode(data)


def _event_records(data: bytes) -> None:
    found = Records(data)
    assert len(list(found)) == len(found)
    _fold_and_show(Batch(5, data, captures=_BATCH.captures))


def _batch(data: bytes) -> None:
    _fold_and_show(unpack_batch(data))


def _head_of(batch: bytes) -> tuple[Any, bytes]:
    (size,) = struct.unpack_from("<I", batch)
    return json.loads(batch[4 : 4 + size]), batch[4 + size :]


def _with_head(head: Any) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + _head_of(_PACKED)[1]


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
                _fold_and_show(batch)


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
    batch = pack_frame(FrameKind.BATCH, _PACKED)
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


def _lines(data: bytes) -> None:
    """JSON Lines into ``replay -``, to the end of the run."""
    reads, writes = os.pipe()
    try:
        os.set_blocking(writes, False)
        os.write(writes, data[: 1 << 16])
        os.close(writes)
        backend = LinesBackend(reads)
        engine = Engine(backend, backend.plan(), lambda _: None)
        engine.open()
        for _ in range(100):
            if not engine.step():
                break
        engine.stop()
        show(engine.latest)
        if engine.failure is not None:
            raise engine.failure
    finally:
        os.close(reads)


def _sound_lines() -> list[dict[str, Any]]:
    state = fold.opened(fold.starting(plan()), BackendInfo("live"))
    state = fold.fold(state, _BATCH, _EVENTS)
    taken = reading(
        {HASH_RESUME: balanced(5)}, targets=(TargetView(1, "a", 1, TargetState.RUNNING),)
    )
    object.__setattr__(taken, "latency", {HASH_RESUME: Histogram.of_values([12_000])})
    lines = [
        export.header(plan(), BackendInfo("live", "", "6.18"), ["twtui"]),
        *(export.event(item, _BATCH.captures, names=_BATCH.names) for item in _EVENTS),
        export.reading(Batch(7, reading=taken), "signal"),
        export.summary(fold.snapshot(state)),
    ]
    return [json.loads(line) for line in lines]


_LINES = _sound_lines()


def _joined(values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def _host(fields: Any) -> None:
    """Processes of another machine, twice, as CPU shares come of two readings."""
    if not isinstance(fields, dict):
        return
    clock = iter(range(1, 100))
    host = Host("box", _Answering(fields), lambda: float(next(clock)))  # type: ignore[arg-type]
    host.read()
    host.read()


_heads = changed_json(_head_of(_PACKED)[0]).map(_with_head)

STREAMS: dict[str, Harness] = {
    "python frames": Harness(changed_bytes(_FRAMES) | hostile_bytes, _python, sound=_FRAMES),
    "event records": Harness(changed_bytes(_RECORDS) | hostile_bytes, _event_records, 2, _RECORDS),
    "batches": Harness(
        st.one_of(_heads, changed_bytes(_PACKED), hostile_bytes), _batch, 3, _PACKED
    ),
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
    "JSON Lines": Harness(
        st.one_of(changed_json(_LINES).map(_joined), changed_bytes(_joined(_LINES)), hostile_bytes),
        _lines,
        3,
        _joined(_LINES),
    ),
}
