"""One event through its JSON line and back: every kind of data, and every way in which a read can end."""

from __future__ import annotations

import json
import struct

import pytest

from twtui.backend.line_values import FrameAddresses, event_of
from twtui.export import json_lines
from twtui.model.enums import EventFlag
from twtui.model.event import NOT_TRIED, Event
from twtui.model.python_frames import PythonFrame, encode

from .support import event

NAMES = {(4242, 0x5000): "work+0x10 (program)"}


def through_a_line(item: Event, capture: str) -> tuple[Event, FrameAddresses]:
    line = json.loads(json_lines.event(item, {0: ("sample", capture)}, names=NAMES))
    addresses = FrameAddresses()
    return event_of(line, 0, addresses), addresses


@pytest.mark.parametrize(
    ("capture", "data"),
    [
        ("str(arg1)", b"/etc/hosts"),
        ("bytes(sp, 4)", b"\xff\x00\x01\x02"),
        ("i16(arg1)", struct.pack("<h", -7)),
        ("u64(arg1)", struct.pack("<Q", 2**64 - 1)),
        ("arg3", struct.pack("<q", -1)),
        ("python", encode([PythonFrame("main", "/srv/app.py", 3)])),
        ("none", b""),
    ],
)
def test_data_comes_back(capture: str, data: bytes) -> None:
    found, _ = through_a_line(event(data=data, result=len(data)), capture)
    assert found.data == data
    assert (found.pid, found.tid, found.comm, found.delay_ns) == (4242, 4243, b"worker", 12_000)


@pytest.mark.parametrize("capture", ["str(arg1)", "i64(arg1)", "stack", "python"])
def test_of_a_line_without_data_the_length_comes_back(capture: str) -> None:
    line = json_lines.event(event(data=b"8 bytes."), {0: ("sample", capture)}, with_data=False)
    found = event_of(json.loads(line), 0, FrameAddresses())
    assert (found.data, found.withheld_bytes, found.length) == (b"", 8, 8)
    again = json_lines.event(found, {0: ("sample", capture)})
    assert json.loads(again) == json.loads(line)


def test_a_stack_comes_back_as_numbers_that_stand_for_its_frames() -> None:
    item = event(data=struct.pack("<3Q", 0x5000, 0x5100, 0x5000), result=24)
    found, addresses = through_a_line(item, "stack")
    named, bare, again = struct.unpack("<3Q", found.data)
    assert (named, bare, again) == (1, 0x5100, 1)
    assert addresses.take_new() == {"work+0x10 (program)": 1}
    assert addresses.take_new() == {}


@pytest.mark.parametrize("result", [-14, -512, NOT_TRIED, 10])
def test_how_the_reads_ended_comes_back(result: int) -> None:
    data = b"ten bytes." if result > 0 else b""
    found, _ = through_a_line(event(nofault=result, result=result, data=data), "str(arg1)")
    assert (found.nofault, found.result) == (result, result)


@pytest.mark.parametrize("flag", [EventFlag.GONE, EventFlag.KEPT, EventFlag.TRUNCATED])
def test_what_is_special_comes_back(flag: EventFlag) -> None:
    flags = EventFlag.DEFERRED | flag
    found, _ = through_a_line(event(flags=int(flags)), "str(arg1)")
    assert found.flags == flags


@pytest.mark.parametrize("change", ["ts_ns", "map", "read", "comm"])
def test_what_is_no_event_is_refused(change: str) -> None:
    line = json.loads(json_lines.event(event(), {0: ("sample", "str(arg1)")}))
    del line[change]
    with pytest.raises(KeyError):
        event_of(line, 0, FrameAddresses())
