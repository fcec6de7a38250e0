"""From the JSON objects of ``record --json`` back to events and readings."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from typing import Any

from twtui.model import bounds, python_frames
from twtui.model.batch import Reading
from twtui.model.bounds import I64, MOST_NAME, U32, text, whole
from twtui.model.capture import NUMBER_BYTES, read_of
from twtui.model.enums import EventFlag, MapKind, Mode, TargetState
from twtui.model.event import NOT_TRIED, Event
from twtui.model.fold import MOST_NAMES
from twtui.model.histogram import Histogram, bucket_of
from twtui.model.ledger import COUNTER_NAMES, Counters, Row
from twtui.model.registers import packed_registers
from twtui.model.snapshot import TargetView
from twtui.wire.layout import MOST_DATA_BYTES

_CONTENT = ("text", "hex", "value", "frames")
"""Fields of what was read; a line that has none of them was written without data."""
_FRAME = struct.Struct("<Q")


class FrameAddresses:
    """Addresses made up for the names of stack frames, as lines bring only the names."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._new: dict[str, int] = {}
        self._made = 0

    def of(self, frame: str) -> int:
        """The address that stands for a frame; that of the frame where it is a bare one."""
        word, _, rest = frame.partition(" ")
        if word.startswith("0x") and not rest:
            return int(word, 16)
        frame = text(frame, MOST_NAME)
        if frame not in self._known:
            if len(self._known) >= MOST_NAMES:
                self._known.clear()
            self._made += 1
            self._known[frame] = self._new[frame] = self._made
        return self._known[frame]

    def take_new(self) -> dict[str, int]:
        """Frames and addresses since the last call."""
        new, self._new = self._new, {}
        return new


def event_of(line: Mapping[str, Any], capture: int, addresses: FrameAddresses) -> Event:
    """An event from its line.

    Args:
        line: As ``export.event`` writes it.
        capture: The index that the reader gave to its capture.
        addresses: For the frames of stacks.

    Raises:
        KeyError, TypeError, ValueError, OverflowError, struct.error: It is no such line.
    """
    trigger_ns = whole(line["ts_ns"], I64)
    delay_ns = line["delay_ns"]
    data = _data(line, addresses)
    length = int(line["len"])
    kept = any(name in line for name in _CONTENT)
    flags = EventFlag(0)
    if delay_ns is not None:
        flags |= EventFlag.DEFERRED
    for name, flag in (
        ("truncated", EventFlag.TRUNCATED),
        ("gone", EventFlag.GONE),
        ("kept", EventFlag.KEPT),
    ):
        if line.get(name):
            flags |= flag
    cpu = int(line["cpu"])
    return Event(
        trigger_ns=trigger_ns,
        ran_ns=whole(trigger_ns + int(delay_ns)) if delay_ns is not None else 0,
        address=int(line.get("address", 0)),
        nofault=_result(line["nofault"], length),
        result=_result(line["read"], length),
        pid=int(line["pid"]),
        tid=int(line["tid"]),
        wanted_bytes=int(line.get("wanted", length)),
        trigger_cpu=cpu,
        ran_cpu=int(line.get("ran_cpu", 0)),
        map_kind=MapKind(line["map"]),
        mode=Mode(line["mode"]),
        capture=capture,
        flags=int(flags),
        comm=str(line["comm"]).encode(errors="backslashreplace")[:15],
        data=data,
        registers=packed_registers(
            {str(name): int(value, 16) for name, value in line.get("registers", {}).items()}
        ),
        withheld_bytes=0 if kept else whole(length, MOST_DATA_BYTES),
    )


def _result(outcome: Any, length: int) -> int:
    if outcome is None:
        return NOT_TRIED
    if outcome == "ok":
        return length
    number = getattr(errno, str(outcome), None) if str(outcome).startswith("E") else None
    return -int(number if number is not None else str(outcome).removeprefix("errno ") or 1)


def _data(line: Mapping[str, Any], addresses: FrameAddresses) -> bytes:
    if "value" in line:
        size = NUMBER_BYTES.get(read_of(str(line.get("capture", ""))), 8)
        return (int(line["value"]) & (1 << 8 * size) - 1).to_bytes(size, "little")
    if frames := line.get("frames"):
        return _frames(frames, addresses)
    if "text" in line:
        return str(line["text"]).encode(errors="surrogatepass")
    return bytes.fromhex(line["hex"]) if "hex" in line else b""


def _frames(frames: list[Any], addresses: FrameAddresses) -> bytes:
    if isinstance(frames[0], dict):
        return python_frames.encode(
            [
                python_frames.PythonFrame(str(f["function"]), str(f["file"]), int(f["line"]))
                for f in frames
            ]
        )
    return b"".join(_FRAME.pack(addresses.of(str(frame))) for frame in frames)


def reading_of(line: Mapping[str, Any]) -> Reading:
    """A reading from its line.

    Raises:
        KeyError, TypeError, ValueError: It is no such line.
    """
    return Reading(
        ledger=counters_by_row(line["ledger"]),
        latency={
            row: Histogram({bucket_of(whole(start)): whole(count) for start, count in buckets})
            for row, buckets in _rows(line["histogram"])
        },
        targets=tuple(
            TargetView(
                whole(target["pid"], U32), text(target["name"], MOST_NAME), whole(target["threads"], U32),
                TargetState(target["state"]),
            )
            for target in line["targets"]
        ),
        quiet=bool(line["quiet"]),
        backlog_bytes=whole(line.get("backlog_bytes", 0)),
    )  # fmt: skip


def counters_by_row(table: Mapping[str, Mapping[str, Any]]) -> dict[Row, Counters]:
    """The ``ledger`` of a reading or a summary.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    return {row: _counters(values) for row, values in _rows(table)}


def _rows(table: Mapping[str, Mapping[str, Any]]) -> list[tuple[Row, Any]]:
    return [
        ((MapKind(kind), Mode(mode)), value)
        for kind, modes in table.items()
        for mode, value in modes.items()
    ]


def _counters(values: Mapping[str, Any]) -> Counters:
    numbers = {name: whole(values.get(name, 0)) for name in COUNTER_NAMES}
    numbers["delivered"] = 0
    return Counters(**numbers, errors=bounds.errors(values.get("errors", {})))
