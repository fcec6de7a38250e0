"""JSON Lines: the fields that people's scripts rely on."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui import __version__
from twtui.export import json_lines
from twtui.model import fold
from twtui.model.batch import Batch, Reading
from twtui.model.enums import EventFlag
from twtui.model.event import NOT_TRIED, Event
from twtui.model.ledger import COUNTER_NAMES
from twtui.model.python_frames import PythonFrame, encode
from twtui.model.snapshot import BackendInfo

from .support import HASH_RESUME, balanced, event, histogram_of, plan

KEPT_GONE = int(EventFlag.DEFERRED | EventFlag.GONE | EventFlag.KEPT)


def line(item: Event, capture: str = "str(arg2)", **options: Any) -> dict[str, Any]:
    text = json_lines.event(item, {0: ("syscall:openat", capture)}, **options)
    assert "\n" not in text
    assert text.isascii()
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_the_header() -> None:
    info = BackendInfo("live", "", "6.18.0", "_impl", "0.26.0", 77)
    found = json.loads(json_lines.header(plan(), info, ["twtui", "record", "\udcff"]))
    assert found == {
        "type": "header",
        "schema": 1,
        "version": __version__,
        "backend": "live",
        "kernel": "6.18.0",
        "kfunc_variant": "_impl",
        "bcc": "0.26.0",
        "argv": ["twtui", "record", "?"],
        "plan": plan().to_wire(),
        "clock_offset_ns": 77,
    }


def test_an_event() -> None:
    assert line(event(3, data=b"/etc/passwd")) == {
        "type": "event",
        "ts_ns": 1003,
        "pid": 4242,
        "tid": 4243,
        "comm": "worker",
        "cpu": 1,
        "map": "hash",
        "mode": "resume",
        "trigger": "syscall:openat",
        "capture": "str(arg2)",
        "delay_ns": 12_000,
        "nofault": "EFAULT",
        "read": "ok",
        "len": 11,
        "truncated": False,
        "address": 0x7FFF_0000,
        "ran_cpu": 2,
        "text": "/etc/passwd",
    }


def test_an_event_that_was_not_deferred() -> None:
    found = line(event(ran_ns=0, nofault=8, result=NOT_TRIED, flags=0))
    assert (found["delay_ns"], found["nofault"], found["read"]) == (None, "ok", None)
    assert found["text"] == "ev-00000"


def test_what_was_not_read_is_not_there() -> None:
    found = line(event(result=-14, data=b"", wanted_bytes=0))
    assert found["read"] == "EFAULT"
    assert found["len"] == 0
    assert not {"text", "hex", "value", "wanted"} & set(found)
    assert "text" not in line(event(nofault=NOT_TRIED, result=NOT_TRIED, data=b""), "none")


def test_an_empty_string_was_read() -> None:
    assert line(event(result=1, data=b"\0"))["text"] == ""
    assert line(event(result=1, data=b""))["text"] == ""


def test_only_a_string_loses_its_nul() -> None:
    assert line(event(data=b"abc\0"))["text"] == "abc"
    assert line(event(data=b"abc\0"))["len"] == 3
    assert line(event(data=b"abc\0"), "bytes(sp, 4)")["text"] == "abc\0"


def test_flags_are_there_when_they_apply() -> None:
    found = line(event(result=-3, nofault=8, flags=KEPT_GONE))
    assert (found["gone"], found["kept"], found["text"]) == (True, True, "ev-00000")
    found = line(event(flags=int(EventFlag.DEFERRED | EventFlag.TRUNCATED), wanted_bytes=900))
    assert (found["truncated"], found["wanted"]) == (True, 900)
    assert "gone" not in found
    assert "kept" not in found


@pytest.mark.parametrize(
    ("capture", "data", "value"),
    [
        ("u8(sp)", b"\xff", 255),
        ("i8(sp)", b"\xff", -1),
        ("u32(sp)", b"\x01\0\0\0", 1),
        ("i64(sp)", b"\xfe" + b"\xff" * 7, -2),
        ("ptr(sp)", b"\xff" * 8, 2**64 - 1),
    ],
)
def test_numbers_have_a_value(capture: str, data: bytes, value: int) -> None:
    found = line(event(data=data, wanted_bytes=0), capture)
    assert found["value"] == value
    assert not {"text", "hex"} & set(found)


def test_a_stack_has_frames() -> None:
    found = line(event(data=b"\x10" + bytes(7) + b"\x20" + bytes(7)), "stack")
    assert found["frames"] == ["0x10", "0x20"]


def test_a_python_stack_has_frames_and_says_where_it_is() -> None:
    frames = [PythonFrame("größe", "/srv/app.py", 3), PythonFrame("<module>", "/srv/app.py", 1)]
    found = line(event(data=encode(frames), wanted_bytes=0), "python")
    assert found["text"] == "größe (/srv/app.py:3)"
    assert found["frames"] == [frame._asdict() for frame in frames]
    assert line(event(data=b"garbage\xff"), "python")["hex"] == b"garbage\xff".hex()


@given(st.binary(max_size=40))
def test_bytes_are_text_or_hex_and_nothing_is_lost(data: bytes) -> None:
    found = line(event(data=data, wanted_bytes=0), "bytes(sp, 40)")
    assert ("text" in found) != ("hex" in found)
    back = found["text"].encode() if "text" in found else bytes.fromhex(found["hex"])
    assert back == data


def test_without_data_nothing_of_the_content_is_there() -> None:
    found = line(event(data=b"secret\xff"), with_data=False)
    assert not {"text", "hex", "value", "frames"} & set(found)
    assert found["len"] == 7


def test_a_name_that_is_not_utf8() -> None:
    assert line(event(comm=b"a\xff\x1b"))["comm"] == "a\\xff\x1b"


def test_an_unknown_capture_is_no_reason_to_fail() -> None:
    assert json.loads(json_lines.event(event(capture=9), {}))["trigger"] == ""


def test_the_summary() -> None:
    counters = balanced(3, read_ok=2, read_fault=1)
    errors = MappingProxyType({"EFAULT": 1})
    row = {HASH_RESUME: counters.__class__(**{n: getattr(counters, n) for n in COUNTER_NAMES}, errors=errors)}  # fmt: skip
    latency = {HASH_RESUME: histogram_of([12_000] * 9 + [40_000])}
    state = fold.opened(fold.starting(plan()), BackendInfo("live", attached_ns=5))
    batch = Batch(1_000_005, b"", Reading(row, latency, quiet=True), end=True)
    snapshot = fold.snapshot(fold.fold(state, batch, [event(n) for n in range(3)]))
    found = json.loads(json_lines.summary(snapshot))
    assert set(found) == {"type", "ledger", "latency", "invariants", "duration_ns"}
    assert found["ledger"]["hash"]["resume"] == {
        **{name: getattr(counters, name) for name in COUNTER_NAMES},
        "errors": {"EFAULT": 1},
    }
    assert set(found["ledger"]) == {"hash", "array", "lru_hash"}
    assert found["latency"]["hash"]["resume"] == {
        "p50": pytest.approx(12_000, rel=0.125),
        "p90": pytest.approx(12_000, rel=0.125),
        "p99": pytest.approx(40_000, rel=0.125),
        "max": pytest.approx(40_000, rel=0.125),
    }
    assert found["invariants"]["emitted = delivered"] is True
    assert set(found["invariants"].values()) == {True}
    assert found["duration_ns"] == 1_000_000


def test_the_summary_says_what_went_wrong() -> None:
    state = fold.failed(fold.starting(plan()), "the kernel process is gone")
    found = json.loads(json_lines.summary(fold.snapshot(state), unwritten=5))
    assert (found["error"], found["unwritten"]) == ("the kernel process is gone", 5)
