"""Saved registers: named by architecture, and on their way from the ring to lines and recordings."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.backend.line_values import FrameAddresses, event_of
from twtui.export import json_lines
from twtui.model.batch import Batch
from twtui.model.redaction import Redaction
from twtui.model.registers import ARCHITECTURES, named_registers, packed_registers
from twtui.recording import Recorder, Recording
from twtui.recording.recorder import Options
from twtui.wire.layout import iter_events

from .support import event, plan, records

CAPTURES = {0: ("syscall:openat", "str(arg2)")}
COUNTS = [table.count for table in ARCHITECTURES.values()]
SAVED = struct.pack("<21Q", *range(100, 121))
WORDS = st.sampled_from(COUNTS).flatmap(
    lambda count: st.lists(st.integers(0, (1 << 64) - 1), min_size=count, max_size=count)
)


def test_the_number_of_registers_tells_the_architecture() -> None:
    assert len(set(COUNTS)) == len(COUNTS)


def test_each_has_its_first_name() -> None:
    names = list(named_registers(SAVED))
    assert names[:6] == ["r15", "r14", "r13", "r12", "rbp", "rbx"]
    assert "ip" not in names
    assert named_registers(SAVED)["rip"] == 100 + ARCHITECTURES["x86_64"].index["ip"]


@given(WORDS)
def test_names_and_numbers_round_trip(words: list[int]) -> None:
    saved = struct.pack(f"<{len(words)}Q", *words)
    assert list(named_registers(saved).values()) == words
    assert packed_registers(named_registers(saved)) == saved


@given(st.binary(max_size=400))
def test_other_bytes_have_no_names(saved: bytes) -> None:
    assert bool(named_registers(saved)) == (len(saved) in [8 * count for count in COUNTS])


def test_other_names_have_no_bytes() -> None:
    assert packed_registers(named_registers(SAVED) | {"more": 1}) == b""
    assert packed_registers({f"x{number}": number for number in range(21)}) == b""


def test_lines_bring_them_and_take_them_back() -> None:
    made = event(registers=SAVED)
    line = json.loads(json_lines.event(made, CAPTURES))
    assert line["registers"]["r15"] == hex(100)
    assert event_of(line, 0, FrameAddresses()).registers == SAVED
    assert "registers" not in json.loads(json_lines.event(made, CAPTURES, with_data=False))
    assert "registers" not in json.loads(json_lines.event(event(), CAPTURES))


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (Options(), SAVED),
        (Options(with_data=False), b""),
        # nobody can tell what is in them
        (Options(redaction=Redaction("never there")), b""),
    ],
)
def test_a_recording_keeps_them_where_it_keeps_data(
    tmp_path: Path, options: Options, kept: bytes
) -> None:
    made = [event(0, registers=SAVED), event(1)]
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None, options)
    batch = Batch(5, records(made), captures=CAPTURES, end=True)
    recorder.observe(batch, list(iter_events(batch.records)))
    with Recording(tmp_path / "a") as recording:
        assert [item.registers for item in recording.newest_events(9)] == [kept, b""]
