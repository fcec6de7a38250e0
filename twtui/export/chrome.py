"""A run as a trace for Perfetto and chrome://tracing, with an arrow from every schedule to its callback.

The format is Google's "Trace Event Format": an object with ``traceEvents``; times are in µs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twtui.export.json_lines import captured_bytes
from twtui.json_text import compact
from twtui.model.batch import Batch
from twtui.model.capture import Read, read_of
from twtui.model.content import Names, named_frames, text_of
from twtui.model.event import Event, read_outcome

_INSTANT_US = 0.001
"""Length of a slice whose length is not known: what an arrow is bound to has to be a slice."""
_SHOWN = 100
"""Characters of what was read, in the name of a slice."""
_MAX_THREADS = 1 << 16
_LEDGER_PID = 0
"""The "process" under which the counters are drawn."""


def trace(
    batches: Iterable[tuple[Batch, list[Event], Mapping[int, tuple[str, str]]]],
    names: Mapping[int, str],
    with_data: bool = True,
) -> Iterator[str]:
    """The trace, piece by piece.

    Args:
        batches: With their events and the captures that hold for these.
        names: Of the processes, by PID.
        with_data: False leaves out what was read.
    """
    yield '{"displayTimeUnit":"ns","traceEvents":[\n'
    yield compact(_named("process_name", _LEDGER_PID, 0, "twtui: the ledger"))
    for pid, name in names.items():
        yield ",\n" + compact(_named("process_name", pid, pid, name))
    threads: set[tuple[int, int, bytes]] = set()
    number = 0
    functions: dict[tuple[int, int], str] = {}
    for batch, events, captures in batches:
        functions.update(batch.names)
        made = list(_counters(batch))
        for event in events:
            thread = (event.pid, event.tid, event.comm)
            if thread not in threads and len(threads) < _MAX_THREADS:
                threads.add(thread)
                comm = event.comm.decode("utf-8", "replace")
                made.append(_named("thread_name", event.pid, event.tid, comm))
            number += 1
            made += _slices(event, number, captures, with_data, functions)
        if made:
            yield ",\n" + ",\n".join(map(compact, made))
    yield "\n]}\n"


def _named(kind: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "ts": 0, "args": {"name": name}}


def _us(nanoseconds: int) -> float:
    return nanoseconds / 1000


def _slices(
    event: Event,
    number: int,
    captures: Mapping[int, tuple[str, str]],
    with_data: bool,
    functions: Names,
) -> Iterator[dict[str, Any]]:
    trigger, capture = captures.get(event.capture, ("", "none"))
    where = {"pid": event.pid, "tid": event.tid}
    row = f"{event.map_kind} {event.mode}"
    at_us = _us(event.trigger_ns)
    read = read_of(capture)
    data = captured_bytes(event, read)
    what: dict[str, Any] = {"capture": capture, "read": read_outcome(event.result)}
    title = capture
    if with_data and data is not None and not event.withheld_bytes:
        if read is Read.STACK:
            shown = "\n".join(named_frames(data, event.pid, functions))
        else:
            shown = text_of(event._replace(data=data), read)
        title = shown.partition("\n")[0][:_SHOWN] or capture
        what["data"] = shown[:_SHOWN] if read in (Read.STRING, Read.BYTES) else shown
    if event.rescued:
        what["rescued"] = True
    yield {
        "ph": "X", "name": trigger or "trigger", "cat": "schedule", "ts": at_us,
        "dur": _INSTANT_US, **where,
        "args": {"row": row, "cpu": event.trigger_cpu, "nofault": read_outcome(event.nofault)}
        | ({} if event.delay_ns is not None else what),
    }  # fmt: skip
    if event.delay_ns is None:
        return
    ran_us = _us(event.ran_ns)
    arrow = {"name": "task work", "cat": row, "id": number, **where}
    yield {"ph": "s", "ts": at_us, **arrow}
    yield {
        "ph": "X", "name": title or "callback", "cat": "callback", "ts": ran_us,
        "dur": _INSTANT_US, **where,
        "args": {"row": row, "cpu": event.ran_cpu, "delay_us": _us(event.delay_ns), **what},
    }  # fmt: skip
    yield {"ph": "f", "bp": "e", "ts": ran_us, **arrow}


def _counters(batch: Batch) -> Iterator[dict[str, Any]]:
    if batch.reading is None:
        return
    for (kind, mode), counters in batch.reading.ledger.items():
        yield {
            "ph": "C", "name": f"{kind} {mode}", "pid": _LEDGER_PID, "tid": 0,
            "ts": _us(batch.at_ns),
            "args": {
                name: getattr(counters, name)
                for name in ("pending", "cancelled", "lost", "dropped", "no_slot")
            },
        }  # fmt: skip
