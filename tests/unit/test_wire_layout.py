"""bpf/twtui.h and twtui/wire/layout.py say the same, field by field."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import NamedTuple

import pytest

from twtui.model import capture, enums, event, histogram, python_frames
from twtui.model.fold import MAX_CAPTURES
from twtui.wire import layout as wire

HEADER = Path(__file__).parents[2] / "bpf" / "twtui.h"
EVENT_FIELDS = (
    "trigger_ns ran_ns address nofault result tgid tid length wanted trigger_cpu ran_cpu "
    "map_kind mode capture flags comm"
).split()
CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s32": "i", "s64": "q"}
_FIELD = re.compile(r"(?P<type>\w+) (?P<name>\w+)(?:\[(?P<count>\w+)\])?;")


class Field(NamedTuple):
    type: str
    name: str
    elements: int | None

    @property
    def size(self) -> int:
        return struct.calcsize(CODES[self.type])


def source() -> str:
    return re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)


def constants() -> dict[str, int]:
    found: dict[str, int] = {}
    for name, text in re.findall(r"^#define[ \t]+(\w+)[ \t]+(\S.*?)$", source(), re.MULTILINE):
        expression = re.sub(r"[A-Z_]\w+", lambda match: str(found[match[0]]), text)
        assert re.fullmatch(r"[-+*()\s\d]+", expression), text
        found[name] = eval(expression)
    for body in re.findall(r"enum \w+ \{(.*?)\};", source(), re.DOTALL):
        for name, value in re.findall(r"(\w+)\s*=\s*(\d+)", body):
            found[name] = int(value)
    return found


def fields(name: str) -> list[Field]:
    body = re.search(rf"struct {name} \{{(.*?)\n\}};", source(), re.DOTALL)
    assert body, f"struct {name} is gone"
    known = constants()
    found = []
    for line in filter(None, map(str.strip, body[1].splitlines())):
        match = _FIELD.fullmatch(line)
        assert match, f"struct {name}: more than one declaration in {line!r}"
        count = match["count"]
        size = None if count is None else known[count] if count in known else int(count)
        found.append(Field(match["type"], match["name"], size))
    return found


def layout(found: list[Field]) -> str:
    """The fields as ``struct`` codes, one for each element; u8 arrays are bytes."""
    codes = ""
    for item in found:
        if item.type == "u8" and item.elements is not None:
            codes += f"{item.elements}s"
        else:
            codes += CODES[item.type] * (item.elements or 1)
    return codes


def spelled_out(found: struct.Struct) -> str:
    assert found.format.startswith("<")
    return re.sub(r"(\d+)([A-Zac-rt-z])", lambda match: match[2] * int(match[1]), found.format[1:])


@pytest.mark.parametrize(
    ("name", "mirror"),
    [
        ("tw_capture", wire.CAPTURE),
        ("tw_config", wire.CONFIG),
        ("tw_target", wire.TARGET),
        ("tw_python_offsets", wire.PYTHON_OFFSETS),
        ("tw_python_frame", python_frames.PYTHON_FRAME),
        ("tw_probe", wire.PROBE),
        ("tw_sweep", wire.SWEEP),
    ],
)
def test_struct_is_mirrored(name: str, mirror: struct.Struct) -> None:
    assert layout(fields(name)) == spelled_out(mirror)


def test_event_is_mirrored() -> None:
    *fixed, data = fields("tw_event")
    assert data.name == "data"
    assert [item.name for item in fixed] == EVENT_FIELDS
    assert layout(fixed) == spelled_out(wire.EVENT)
    assert wire.EVENT.size == constants()["TW_EVENT_HEADER_BYTES"]


def test_counters_are_mirrored() -> None:
    *counters, errors = fields("tw_counters")
    assert {item.type for item in counters} == {"u64"}
    assert [item.name for item in counters] == wire.COUNTER_FIELDS
    assert errors == Field("u64", "errors", wire.ERRNOS)
    assert fields("tw_histogram") == [Field("u64", "bucket", histogram.BUCKETS)]


@pytest.mark.parametrize(
    "name",
    [
        "tw_capture",
        "tw_config",
        "tw_target",
        "tw_python_offsets",
        "tw_python_frame",
        "tw_probe",
        "tw_sweep",
        "tw_event",
        "tw_counters",
        "tw_histogram",
    ],
)
def test_no_struct_has_implicit_padding(name: str) -> None:
    at = 0
    for item in fields(name):
        assert at % item.size == 0, f"{name}.{item.name} is at {at}"
        at += item.size * (item.elements or 1)
    largest = max(item.size for item in fields(name))
    assert at % largest == 0, f"{name} ends with padding"


def test_python_offsets_are_mirrored() -> None:
    assert [item.name for item in fields("tw_python_offsets")] == wire.PYTHON_OFFSETS_FIELDS


def test_numbers_are_mirrored() -> None:
    known = constants()
    assert known["TW_PYTHONS"] == wire.PYTHONS
    for bit in ("WIDTH", "CUT", "SAME"):
        assert known[f"TW_TEXT_{bit}"] == python_frames.TextBit[bit]
    assert known["TW_MAP_KINDS"] == len(enums.MapKind)
    assert known["TW_MODES"] == len(enums.Mode)
    assert known["TW_ERRNOS"] == wire.ERRNOS
    assert known["TW_BUCKETS"] == histogram.BUCKETS
    assert known["TW_CAPTURES"] == wire.CAPTURES == MAX_CAPTURES
    assert known["TW_DEREFERENCES"] == capture.MAX_DEREFERENCES
    assert known["TW_NOT_TRIED"] == event.NOT_TRIED
    for kind in enums.MapKind:
        assert known[f"TW_{kind.name}"] == kind.number
    for mode in enums.Mode:
        assert known[f"TW_{mode.name}"] == mode.number
    for defer in enums.Defer:
        assert known[f"TW_DEFER_{defer.name}"] == defer.number
    for end in enums.StackEnd:
        assert known[f"TW_STACK_{end.name}"] == end
    for flag in enums.EventFlag:
        assert known[f"TW_{flag.name}"] == flag.value


def test_rows_are_in_the_order_of_the_kernels_index() -> None:
    modes = len(enums.Mode)
    assert [kind.number * modes + mode.number for kind, mode in wire.ROWS] == list(range(6))
