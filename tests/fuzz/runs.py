"""Runs in serialised form: records of events, batches, frames of Python, JSON Lines; and all that is shown of them."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

from hypothesis import strategies as st

from tests.unit.support import HASH_RESUME, balanced, event, histogram_of, plan, reading, records
from twtui.backend.lines import LinesBackend
from twtui.commands import plain
from twtui.engine import Engine
from twtui.export import json_lines
from twtui.model import fold, python_frames
from twtui.model.batch import Batch
from twtui.model.capture import Read
from twtui.model.content import functions_of
from twtui.model.display import display_text
from twtui.model.enums import MapKind, TargetState
from twtui.model.python_frames import PythonFrame
from twtui.model.snapshot import BackendInfo, Snapshot, TargetView
from twtui.recording.rows import EventRows
from twtui.ui.glyphs import UNICODE
from twtui.ui.views.callbacks import callbacks_lines
from twtui.ui.views.captured import Layout, Sources, event_line
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.heading import ViewState, banner_lines, heading_lines
from twtui.ui.views.health import health_line
from twtui.ui.views.latency import latency_lines
from twtui.wire.batches import pack_batch, unpack_batch
from twtui.wire.layout import Records

from .harness import Harness, changed_bytes, changed_json, hostile_bytes

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
PACKED = pack_batch(_BATCH)
"""A sound batch."""


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
    json_lines.summary(snapshot)
    sources = Sources.of(snapshot)
    captures = dict(enumerate(zip(snapshot.triggers, snapshot.captures, strict=True)))
    for item in snapshot.events[-8:]:
        event_line(item, sources, Layout.for_width(160), UNICODE)
        detail_lines(item, sources, 120, UNICODE)
        plain.event_line(item, captures, snapshot.info)
        json_lines.event(item, captures, names=snapshot.names)
    EventRows(with_data=True).of(list(snapshot.events[-8:]))


def fold_and_show(batch: Batch) -> None:
    """A run of one batch, shown."""
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
    fold_and_show(Batch(5, data, captures=_BATCH.captures))


def _batch(data: bytes) -> None:
    fold_and_show(unpack_batch(data))


def _head_of(batch: bytes) -> tuple[Any, bytes]:
    (size,) = struct.unpack_from("<I", batch)
    return json.loads(batch[4 : 4 + size]), batch[4 + size :]


def _with_head(head: Any) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + _head_of(PACKED)[1]


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
    object.__setattr__(taken, "latency", {HASH_RESUME: histogram_of([12_000])})
    lines = [
        json_lines.header(plan(), BackendInfo("live", "", "6.18"), ["twtui"]),
        *(json_lines.event(item, _BATCH.captures, names=_BATCH.names) for item in _EVENTS),
        json_lines.reading(Batch(7, reading=taken), "signal"),
        json_lines.summary(fold.snapshot(state)),
    ]
    return [json.loads(line) for line in lines]


_LINES = _sound_lines()


def _joined(values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


_heads = changed_json(_head_of(PACKED)[0]).map(_with_head)

RUNS: dict[str, Harness] = {
    "python frames": Harness(changed_bytes(_FRAMES) | hostile_bytes, _python, sound=_FRAMES),
    "event records": Harness(changed_bytes(_RECORDS) | hostile_bytes, _event_records, 2, _RECORDS),
    "batches": Harness(st.one_of(_heads, changed_bytes(PACKED), hostile_bytes), _batch, 3, PACKED),
    "JSON Lines": Harness(
        st.one_of(changed_json(_LINES).map(_joined), changed_bytes(_joined(_LINES)), hostile_bytes),
        _lines,
        3,
        _joined(_LINES),
    ),
}
