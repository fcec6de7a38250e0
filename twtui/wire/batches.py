"""Batches as bytes: the one serialised form, for the protocol; what comes in is not trusted."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from twtui.model import bounds
from twtui.model.batch import Batch, Reading
from twtui.model.bounds import I64, MOST_NAME, U32, text, whole
from twtui.model.enums import MapKind, Mode, TargetState
from twtui.model.histogram import BUCKETS, Histogram
from twtui.model.ledger import COUNTER_NAMES, Counters, Row
from twtui.model.snapshot import TargetView
from twtui.wire.layout import CAPTURES, WireError

MAX_HEAD_BYTES = 16 << 20
"""Of a batch, what is no records: parsed, it takes several times as much memory."""
MAX_NOTES = 100
"""Of a batch; more are left out, the oldest first."""


def _pack_counters(counters: Counters) -> list[Any]:
    return [*(getattr(counters, name) for name in COUNTER_NAMES), dict(counters.errors)]


def _unpack_counters(values: list[Any]) -> Counters:
    *numbers, errors = values
    named = {name: whole(value) for name, value in zip(COUNTER_NAMES, numbers, strict=True)}
    return Counters(**named, errors=bounds.errors(errors))


def _row_name(row: Row) -> str:
    return f"{row[0]}/{row[1]}"


def _row(name: str) -> Row:
    kind, _, mode = name.partition("/")
    return MapKind(kind), Mode(mode)


def _pack_reading(reading: Reading) -> dict[str, Any]:
    return {
        "ledger": {_row_name(row): _pack_counters(c) for row, c in reading.ledger.items()},
        "latency": {_row_name(row): list(h.counts.items()) for row, h in reading.latency.items()},
        "targets": [[t.pid, t.name, t.threads, str(t.state)] for t in reading.targets],
        "quiet": reading.quiet,
        "backlog_bytes": reading.backlog_bytes,
        "cpu_ns": reading.cpu_ns,
        "rss_bytes": reading.rss_bytes,
        "bpf_run_ns": reading.bpf_run_ns,
        "bpf_runs": reading.bpf_runs,
    }


def _unpack_reading(fields: Mapping[str, Any]) -> Reading:
    return Reading(
        ledger={_row(name): _unpack_counters(values) for name, values in fields["ledger"].items()},
        latency={
            _row(name): Histogram(
                {whole(bucket, BUCKETS): whole(count) for bucket, count in counts}
            )
            for name, counts in fields["latency"].items()
        },
        targets=tuple(
            TargetView(
                whole(pid, U32), text(name, MOST_NAME), whole(threads, U32), TargetState(state)
            )
            for pid, name, threads, state in fields["targets"]
        ),
        quiet=bool(fields["quiet"]),
        backlog_bytes=whole(fields["backlog_bytes"]),
        cpu_ns=whole(fields["cpu_ns"]),
        rss_bytes=whole(fields["rss_bytes"]),
        bpf_run_ns=whole(fields["bpf_run_ns"]),
        bpf_runs=whole(fields["bpf_runs"]),
    )


def pack_batch(batch: Batch) -> bytes:
    """The one serialised form of a batch, for the protocol and for recordings."""
    meta: dict[str, Any] = {"at_ns": batch.at_ns}
    if batch.reading:
        meta["reading"] = _pack_reading(batch.reading)
    if batch.captures:
        meta["captures"] = {str(index): list(texts) for index, texts in batch.captures.items()}
    if batch.names:
        meta["names"] = [[pid, at, name] for (pid, at), name in batch.names.items()]
    if batch.mode:
        meta["mode"] = batch.mode
    if batch.notes:
        meta["notes"] = list(batch.notes)
    if batch.end:
        meta["end"] = True
    head = json.dumps(meta, separators=(",", ":")).encode()
    return struct.pack("<I", len(head)) + head + batch.records


def unpack_batch(data: bytes) -> Batch:
    """The inverse of ``pack_batch``.

    Raises:
        WireError: The bytes are not a batch.
    """
    try:
        (size,) = struct.unpack_from("<I", data)
        if 4 + size > len(data):
            raise WireError("a batch ends within its head")
        if size > MAX_HEAD_BYTES:
            raise WireError(f"a batch with a head of {size} bytes")
        meta = json.loads(data[4 : 4 + size])
        reading = meta.get("reading")
        return Batch(
            at_ns=whole(meta["at_ns"], I64),
            records=data[4 + size :],
            reading=_unpack_reading(reading) if reading is not None else None,
            captures={
                whole(index, CAPTURES): (text(trigger), text(capture))
                for index, (trigger, capture) in meta.get("captures", {}).items()
            },
            names={
                (whole(pid, U32), whole(address)): text(name, MOST_NAME)
                for pid, address, name in meta.get("names", ())
            },
            mode=str(Mode(meta["mode"])) if meta.get("mode") else "",
            notes=tuple(text(note) for note in meta.get("notes", ())[-MAX_NOTES:]),
            end=bool(meta.get("end", False)),
        )
    except WireError:
        raise
    except (
        struct.error, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise WireError(f"not a batch: {text(error, 200)!r}") from None
