"""Recordings in other forms: JSON Lines by their schema, CSV, Chrome traces, folded stacks."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from twtui.commands.recorded import batches
from twtui.errors import UsageError
from twtui.export.chrome import trace
from twtui.export.csv import COLUMNS, safe, table
from twtui.export.folded import folded
from twtui.export.schema import LINE_SCHEMA
from twtui.harmless import quoted
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import EventFlag, Mode
from twtui.model.event import NOT_TRIED
from twtui.model.plan import Command, SetCapture, SetMode
from twtui.model.python_frames import PythonFrame, encode
from twtui.recording import Recording

from .recordings import record_demo
from .support import event

CAPTURES = {
    0: ("syscall:openat", "str(arg2)"),
    1: ("sample", "stack"),
    2: ("sample", "python"),
    3: ("sample", "i32(sp)"),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with strings, numbers and stacks, in both modes."""
    path = tmp_path_factory.mktemp("forms") / "run.twtui"
    commands: dict[int, Command] = {
        20: SetMode(Mode.SIGNAL),
        40: SetCapture(0, parse_capture("i64(sp)")),
        50: SetCapture(0, parse_capture("stack")),
    }
    record_demo(path, seconds=4, commands=commands)
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(LINE_SCHEMA)


def test_a_record_per_event(path: Path) -> None:
    with Recording(path) as recording:
        text = "".join(table(batches(recording)))
        count = recording.event_count
    found = rows(text)
    assert text.startswith(",".join(COLUMNS) + "\r\n")
    assert len(found) == count
    assert {row["mode"] for row in found} == {"resume", "signal"}
    assert any(row["data"] == "/etc/nginx/nginx.conf" for row in found)
    assert any(row["value"] for row in found)
    assert {row["encoding"] for row in found} >= {"utf-8", "hex", "frames", ""}


@pytest.mark.parametrize(
    "data",
    [b"=1+2", b"+1", b"-1", b"@SUM(A1)", b"  =cmd|' /C calc'!A0", b"%x", "＝1".encode()],
)
def test_a_cell_is_never_a_formula(data: bytes) -> None:
    events = [event(0, data=data, comm=data[:15])]
    (row,) = rows("".join(table([(Batch(1), events, CAPTURES)])))
    assert row["data"] == "'" + data.decode()
    assert row["comm"] == "'" + data[:15].decode()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\t=1", r"\t=1"),
        (b"\r=1", r"\r=1"),
        (b"a\n=1", r"a\n=1"),
        (b"a; =1\\", r"a\x3b =1" + "\\" * 2),
        (b"a\t-1", r"a\t-1"),
        (b"\x1b[31m", r"\x1b[31m"),
        (b"over\rwritten", r"over\rwritten"),
    ],
)
def test_what_parts_cells_elsewhere_or_moves_a_terminal_is_written_out(
    data: bytes, shown: str
) -> None:
    (row,) = rows("".join(table([(Batch(1), [event(0, data=data)], CAPTURES)])))
    assert (row["data"], row["encoding"]) == (shown, "escaped")


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: a\r\n", b"a;b", b"a\tb\nc", b"a - b"])
def test_ordinary_text_of_several_lines_stays(data: bytes) -> None:
    (row,) = rows("".join(table([(Batch(1), [event(0, data=data)], CAPTURES)])))
    assert (row["data"], row["encoding"]) == (data.decode(), "utf-8")


def test_a_function_is_one_frame_and_no_formula() -> None:
    data = encode([PythonFrame("=cmd();x", "a.py", 1), PythonFrame("main", "a.py", 2)])
    (row,) = rows("".join(table([(Batch(1), [event(0, data=data, capture=2)], CAPTURES)])))
    assert row["data"] == r"'=cmd()\x3bx;main"


def test_a_negative_number_stays_one() -> None:
    events = [event(0, capture=3, data=struct.pack("<i", -5))]
    (row,) = rows("".join(table([(Batch(1), events, CAPTURES)])))
    assert (row["value"], row["data"]) == ("-5", "")


@given(st.binary(max_size=40))
def test_a_spreadsheet_gets_what_was_there(data: bytes) -> None:
    events = [event(0, data=data, capture=9)]
    known = {9: ("sample", "bytes(sp, 64)")}
    (row,) = rows("".join(table([(Batch(1), events, known)])))
    if row["encoding"] == "hex":
        assert bytes.fromhex(row["data"]) == data
    elif row["encoding"] == "escaped":
        text = row["data"].removeprefix("'")
        assert text == quoted(data.decode()).replace(";", "\\x3b")
    else:
        text = data.decode()
        assert row["data"] in (text, "'" + text)
        assert row["data"] == safe(text)


def test_a_table_without_data() -> None:
    events = [event(0, data=b"secret")]
    (row,) = rows("".join(table([(Batch(1), events, CAPTURES)], with_data=False)))
    assert (row["data"], row["len"]) == ("", "6")


def check_trace(text: str) -> list[dict[str, Any]]:
    """What the Trace Event Format asks for; and that every arrow has both its ends on slices."""
    document = json.loads(text)
    assert set(document) == {"traceEvents", "displayTimeUnit"}
    assert document["displayTimeUnit"] in ("ms", "ns")
    events: list[dict[str, Any]] = document["traceEvents"]
    slices: set[tuple[int, int, float]] = set()
    starts: dict[tuple[str, int], dict[str, Any]] = {}
    ends: dict[tuple[str, int], dict[str, Any]] = {}
    for item in events:
        assert item["ph"] in "XsfMC"
        assert isinstance(item["name"], str)
        assert item["name"]
        for name in ("pid", "tid"):
            assert isinstance(item[name], int)
        assert isinstance(item["ts"], int | float)
        assert math.isfinite(item["ts"])
        match item["ph"]:
            case "X":
                assert item["dur"] > 0
                slices.add((item["pid"], item["tid"], item["ts"]))
            case "M":
                assert item["name"] in ("process_name", "thread_name")
                assert isinstance(item["args"]["name"], str)
            case "C":
                assert item["args"]
                assert all(isinstance(value, int) for value in item["args"].values())
            case "s" | "f":
                ring = starts if item["ph"] == "s" else ends
                key = (item["cat"], item["id"])
                assert key not in ring
                ring[key] = item
                if item["ph"] == "f":
                    assert item["bp"] == "e"  # bound to the slice around it, not the next
    assert starts.keys() == ends.keys()
    for key, start in starts.items():
        end = ends[key]
        assert start["name"] == end["name"]
        assert start["ts"] <= end["ts"]
        for point in (start, end):
            assert (point["pid"], point["tid"], point["ts"]) in slices
    return events


def test_an_arrow_from_every_schedule_to_its_callback(path: Path) -> None:
    with Recording(path) as recording:
        names = {4242: "shop"}
        found = check_trace("".join(trace(batches(recording), names)))
        deferred = sum(
            event.delay_ns is not None for _, events in recording.batches() for event in events
        )
    assert sum(item["ph"] == "s" for item in found) == deferred > 100
    assert {"name": "shop"} in [item["args"] for item in found if item["ph"] == "M"]
    titles = {item["name"] for item in found if item.get("cat") == "callback"}
    assert "/etc/nginx/nginx.conf" in titles


def test_what_was_not_deferred_has_no_arrow() -> None:
    events = [event(0, flags=0, ran_ns=0, result=NOT_TRIED, nofault=3)]
    found = check_trace("".join(trace([(Batch(1), events, CAPTURES)], {})))
    assert [item["ph"] for item in found if item["ph"] in "Xsf"] == ["X"]


def test_a_trace_without_data() -> None:
    events = [event(0, data=b"secret")]
    text = "".join(trace([(Batch(1), events, CAPTURES)], {}, with_data=False))
    check_trace(text)
    assert "secret" not in text


@given(st.binary(max_size=30), st.binary(max_size=15))
def test_any_data_makes_a_trace(data: bytes, comm: bytes) -> None:
    for capture in (0, 1, 2, 3, 7):
        events = [event(0, data=data, comm=comm, capture=capture)]
        check_trace("".join(trace([(Batch(1), events, CAPTURES)], {1: "x"})))


def test_stacks_are_folded() -> None:
    kernel = 0xFFFF_FFFF_8100_0000
    stack = struct.pack("<3Q", kernel, 0x10, 0x20)
    names = {
        (0, kernel): "do_syscall_64+0x5 (kernel)",
        (4242, 0x10): "operator<(a; b)+0x1 (shop)",
        (4242, 0x20): "0x20 (libc.so.6+0x99)",
    }
    frames = (PythonFrame("inner", "/srv/app.py", 3), PythonFrame("main", "/srv/app.py", 1))
    gone = int(EventFlag.DEFERRED | EventFlag.GONE)
    events = [
        event(0, capture=1, data=stack, comm=b"wor;ker"),
        event(1, capture=1, data=stack, comm=b"wor;ker"),
        event(2, capture=2, data=encode(frames)),
        event(3, capture=1, result=-3, flags=gone, data=b""),
        event(4, capture=0),
    ]
    lines = list(folded([(Batch(1, names=names), events, CAPTURES)]))
    assert lines == [
        "wor_ker;[libc.so.6];operator<(a_ b);do_syscall_64 2\n",
        "worker;main (/srv/app.py:1);inner (/srv/app.py:3) 1\n",
    ]


def test_a_recording_without_stacks_cannot_be_folded() -> None:
    with pytest.raises(UsageError, match="no stacks"):
        list(folded([(Batch(1), [event(0)], CAPTURES)]))


@given(st.binary(max_size=60), st.binary(max_size=15))
def test_any_stack_is_one_line(data: bytes, comm: bytes) -> None:
    events = [event(0, capture=capture, data=data or b"x", comm=comm) for capture in (1, 2)]
    for line in folded([(Batch(1), events, CAPTURES)]):
        stack, _, count = line.rstrip("\n").rpartition(" ")
        assert int(count) >= 1
        assert stack
        assert "\n" not in stack
        assert all(stack.split(";"))
