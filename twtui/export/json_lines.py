"""A run as JSON Lines: a header, a line per event in the order of emission, readings, a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from twtui import __version__
from twtui.json_text import compact
from twtui.model.batch import Batch
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import named_frames
from twtui.model.display import display_text
from twtui.model.enums import EventFlag
from twtui.model.event import Event, read_outcome
from twtui.model.histogram import Histogram, bucket_start
from twtui.model.ledger import COUNTER_NAMES, Counters
from twtui.model.plan import Plan
from twtui.model.python_frames import decode as decode_frames
from twtui.model.registers import named_registers
from twtui.model.snapshot import BackendInfo, Snapshot

SCHEMA = 1
"""Raised when a field changes its meaning or goes; a new field does not raise it."""
_READING_INTERVAL_NS = 1_000_000_000
"""From one line with all counters to the next."""
_UNKNOWN = ("", "none")


def header(plan: Plan, info: BackendInfo, argv: Sequence[str]) -> str:
    """The first line; for when every trigger is attached."""
    return compact(
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


def event(
    item: Event,
    captures: Mapping[int, tuple[str, str]],
    with_data: bool = True,
    names: Mapping[tuple[int, int], str] = MappingProxyType({}),
) -> str:
    """The line of one event.

    Args:
        item: The event.
        captures: ``Event.capture`` to the texts of its trigger and capture.
        with_data: False leaves out what was read.
        names: Of stack addresses, by process (0: the kernel) and address.
    """
    trigger, capture = captures.get(item.capture, _UNKNOWN)
    read = read_of(capture)
    data = captured_bytes(item, read)
    length = captured_length(item, data)
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
        "capture": capture,
        "delay_ns": item.delay_ns,
        "nofault": read_outcome(item.nofault),
        "read": read_outcome(item.result),
        "len": length,
        "truncated": item.truncated,
    }
    if item.address:
        fields["address"] = item.address
    if item.flags & EventFlag.DEFERRED:
        fields["ran_cpu"] = item.ran_cpu
    if item.flags & EventFlag.GONE:
        fields["gone"] = True
    if item.flags & EventFlag.KEPT:
        fields["kept"] = True
    if item.wanted_bytes > length:
        fields["wanted"] = item.wanted_bytes
    if with_data and item.registers:
        fields["registers"] = {
            name: hex(value) for name, value in named_registers(item.registers).items()
        }
    if with_data and data is not None and not item.withheld_bytes:
        fields.update(content(read, data, item.pid, names))
    return compact(fields)


def captured_bytes(item: Event, read: Read) -> bytes | None:
    """What an event brought, a string without its NUL; None when no read succeeded."""
    brought = item.result >= 0 or item.flags & EventFlag.KEPT
    if not brought and (item.flags & EventFlag.DEFERRED or item.nofault < 0):
        return None
    return item.data.removesuffix(b"\0") if read is Read.STRING else item.data


def captured_length(item: Event, data: bytes | None) -> int:
    """How many bytes an event brought, kept or not; ``data`` is what ``captured_bytes`` gave for it."""
    return 0 if data is None else item.withheld_bytes or len(data)


def content(
    read: Read, data: bytes, pid: int, names: Mapping[tuple[int, int], str]
) -> dict[str, Any]:
    """What was read, as the fields that stand for it: ``text``, ``hex``, ``value`` or ``frames``.

    Args:
        read: How it was read.
        data: A string without its NUL.
        pid: The process that it was read in.
        names: Of stack addresses, by process (0: the kernel) and address.
    """
    number = decode_number(read, data)
    if number is not None:
        return {"value": number}
    if read is Read.STACK:
        return {"frames": list(named_frames(data, pid, names))}
    if read is Read.PYTHON and (text := display_text(data, read)) is not None:
        return {"text": text, "frames": [frame._asdict() for frame in decode_frames(data)]}
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def reading(batch: Batch, mode: str) -> str:
    """The line of a batch that has a reading: what has been counted so far. One a second is enough.

    Args:
        batch: With a reading.
        mode: In which the next trigger schedules.
    """
    taken = batch.reading
    assert taken is not None
    ledger: dict[str, dict[str, Any]] = {}
    for (kind, name), counters in taken.ledger.items():
        ledger.setdefault(kind, {})[name] = _counters(counters)
    histograms: dict[str, dict[str, Any]] = {}
    for (kind, name), histogram in taken.latency.items():
        histograms.setdefault(kind, {})[name] = [
            [bucket_start(bucket), count] for bucket, count in sorted(histogram.counts.items())
        ]
    return compact(
        {
            "type": "reading",
            "ts_ns": batch.at_ns,
            "mode": mode,
            "quiet": taken.quiet,
            "ledger": ledger,
            "histogram": histograms,
            "targets": [
                {
                    "pid": target.pid,
                    "name": target.name.encode(errors="replace").decode(),
                    "threads": target.threads,
                    "state": target.state,
                }
                for target in taken.targets
            ],
            "backlog_bytes": taken.backlog_bytes,
        }
    )


class ReadingLines:
    """Which readings of a run get a line: one a second, from the first second on, and the last.

    Args:
        mode: In which the run begins.
    """

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._last_ns = 0
        self._left: Batch | None = None

    def of(self, batch: Batch) -> str:
        """The line of a batch; empty where it has none. Takes every batch, in order."""
        self._mode = batch.mode or self._mode
        if batch.reading is None:
            return ""
        self._left = batch
        if not self._last_ns:
            self._last_ns = batch.at_ns
        if batch.at_ns - self._last_ns < _READING_INTERVAL_NS:
            return ""
        self._last_ns = batch.at_ns
        return self.rest()

    def rest(self) -> str:
        """The line of the last reading, unless it had one; for the end of the run."""
        batch, self._left = self._left, None
        return reading(batch, self._mode) if batch else ""


def summary(snapshot: Snapshot, unwritten: int = 0, whole: bool = True) -> str:
    """The last line.

    Args:
        snapshot: The final one.
        unwritten: Events that the reader of the lines was too slow for; left out when 0.
        whole: The run is there up to its end.
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
    if not whole:
        fields["cut_off"] = True
    if snapshot.error:
        fields["error"] = snapshot.error
    return compact(fields)


def _counters(counters: Counters) -> dict[str, Any]:
    named: dict[str, Any] = {name: getattr(counters, name) for name in COUNTER_NAMES}
    return named | {"errors": dict(counters.errors)}


def _quantiles(histogram: Histogram) -> dict[str, int | None]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: histogram.quantile(share) for name, share in shares.items()}
