"""A run as JSON Lines: a header, a line per event in the order of emission, a summary."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from twtui import __version__
from twtui.errors import UsageError
from twtui.model.capture import NUMBER_BYTES, Read, parse_capture
from twtui.model.enums import EventFlag
from twtui.model.event import Event, read_outcome
from twtui.model.histogram import Histogram
from twtui.model.ledger import COUNTER_NAMES, Counters
from twtui.model.plan import Plan
from twtui.model.snapshot import BackendInfo, Snapshot

SCHEMA = 1
"""Raised when a field changes its meaning or goes; a new field does not raise it."""
_SIGNED = (Read.I8, Read.I16, Read.I32, Read.I64)
_UNKNOWN = ("", "none")

_encode = json.JSONEncoder(separators=(",", ":")).encode


def header(plan: Plan, info: BackendInfo, argv: Sequence[str]) -> str:
    """The first line; for when every trigger is attached."""
    return _encode(
        {
            "type": "header",
            "schema": SCHEMA,
            "version": __version__,
            "backend": info.name,
            "kernel": info.kernel,
            "kfunc_variant": info.kfunc_variant,
            "bcc": info.bcc,
            "argv": [argument.encode(errors="replace").decode() for argument in argv],
            "plan": plan.to_wire(),
            "clock_offset_ns": info.clock_offset_ns,
        }
    )


def event(item: Event, captures: Mapping[int, tuple[str, str]], with_data: bool = True) -> str:
    """The line of one event.

    Args:
        item: The event.
        captures: ``Event.capture`` to the texts of its trigger and capture.
        with_data: False leaves out what was read.
    """
    trigger, capture = captures.get(item.capture, _UNKNOWN)
    read = read_of(capture)
    data = captured_bytes(item, read)
    fields: dict[str, Any] = {
        "type": "event",
        "ts_ns": item.trigger_ns,
        "pid": item.pid,
        "tid": item.tid,
        "comm": item.comm.decode("utf-8", "backslashreplace"),
        "cpu": item.trigger_cpu,
        "map": item.map_kind,
        "mode": item.mode,
        "trigger": trigger,
        "delay_ns": item.delay_ns,
        "nofault": read_outcome(item.nofault),
        "read": read_outcome(item.result),
        "len": len(data or b""),
        "truncated": item.truncated,
    }
    if item.flags & EventFlag.GONE:
        fields["gone"] = True
    if item.flags & EventFlag.KEPT:
        fields["kept"] = True
    if item.wanted_bytes > len(data or b""):
        fields["wanted"] = item.wanted_bytes
    if with_data and data is not None:
        fields.update(_content(read, data))
    return _encode(fields)


@lru_cache(maxsize=256)
def read_of(capture: str) -> Read:
    """The final read of a capture, from its text; NONE for a text that is none."""
    try:
        return parse_capture(capture).read
    except UsageError:
        return Read.NONE


def captured_bytes(item: Event, read: Read) -> bytes | None:
    """What an event brought, a string without its NUL; None when no read succeeded."""
    brought = item.result >= 0 or item.flags & EventFlag.KEPT
    if not brought and (item.flags & EventFlag.DEFERRED or item.nofault < 0):
        return None
    return item.data.removesuffix(b"\0") if read is Read.STRING else item.data


def _content(read: Read, data: bytes) -> dict[str, Any]:
    size = NUMBER_BYTES.get(read)
    if size is not None and len(data) >= size:
        return {"value": int.from_bytes(data[:size], "little", signed=read in _SIGNED)}
    if read is Read.STACK:
        return {
            "frames": [hex(frame) for (frame,) in struct.iter_unpack("<Q", data[: len(data) & ~7])]
        }
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def summary(snapshot: Snapshot, unwritten: int = 0) -> str:
    """The last line.

    Args:
        snapshot: The final one.
        unwritten: Events that the reader of the lines was too slow for; left out when 0.
    """
    ledger: dict[str, dict[str, Any]] = {}
    for row in snapshot.rows:
        kind, mode = row.row
        ledger.setdefault(kind, {})[mode] = _counters(row.counters)
    latency: dict[str, dict[str, Any]] = {}
    for (kind, mode), histogram in snapshot.latency.items():
        latency.setdefault(kind, {})[mode] = _quantiles(histogram)
    fields: dict[str, Any] = {
        "type": "summary",
        "ledger": ledger,
        "latency": latency,
        "invariants": {invariant.name: invariant.holds for invariant in snapshot.invariants},
        "duration_ns": snapshot.elapsed_ns,
    }
    if unwritten:
        fields["unwritten"] = unwritten
    if snapshot.error:
        fields["error"] = snapshot.error
    return _encode(fields)


def _counters(counters: Counters) -> dict[str, Any]:
    named: dict[str, Any] = {name: getattr(counters, name) for name in COUNTER_NAMES}
    return named | {"errors": dict(counters.errors)}


def _quantiles(histogram: Histogram) -> dict[str, int | None]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: histogram.quantile(share) for name, share in shares.items()}
