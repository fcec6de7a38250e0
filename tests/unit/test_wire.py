"""Events and batches survive the wire; hostile bytes are refused with WireError and nothing else."""

from __future__ import annotations

import contextlib
import json
import struct
from collections import Counter
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.model.batch import Batch, Reading
from twtui.model.enums import EventFlag, MapKind, Mode, TargetState
from twtui.model.event import NOT_TRIED, Event
from twtui.model.histogram import BUCKETS, Histogram
from twtui.model.ledger import COUNTER_NAMES, Counters
from twtui.model.snapshot import TargetView
from twtui.wire.batches import pack_batch, unpack_batch
from twtui.wire.layout import (
    DISCARD,
    ROWS,
    Records,
    WireError,
    iter_events,
    pack_record,
)

from .support import event, records

u8, u16 = st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1)
u32, u64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
s32 = st.integers(-(2**31), 2**31 - 1)
events = st.builds(
    Event, u64, u64, u64, s32, s32, u32, u32, u32, u16, u16, st.sampled_from(MapKind),
    st.sampled_from(Mode), u8, u8.map(lambda flags: flags & 0x7F & ~EventFlag.WITH_REGISTERS),
    st.binary(max_size=16).map(lambda name: name.partition(b"\0")[0]), st.binary(max_size=300),
    st.just(b"") | st.binary(min_size=168, max_size=168), st.just(0),
)  # fmt: skip
counters = st.builds(
    Counters,
    **dict.fromkeys(COUNTER_NAMES, u64),
    errors=st.dictionaries(st.text(max_size=9), u64, max_size=3).map(MappingProxyType),
)
histograms = st.builds(Histogram, st.dictionaries(st.integers(0, BUCKETS - 1), u64, max_size=5))
targets = st.builds(TargetView, u32, st.text(max_size=9), u16, st.sampled_from(TargetState))
readings = st.builds(
    Reading,
    ledger=st.dictionaries(st.sampled_from(ROWS), counters, max_size=3),
    latency=st.dictionaries(st.sampled_from(ROWS), histograms, max_size=3),
    targets=st.lists(targets, max_size=2).map(tuple),
    quiet=st.booleans(),
    backlog_bytes=u32,
    cpu_ns=u64,
    rss_bytes=u64,
    bpf_run_ns=u64,
    bpf_runs=u64,
)
batches = st.builds(
    Batch,
    at_ns=st.integers(0, 2**63 - 1),
    records=st.lists(events, max_size=3).map(records),
    reading=st.none() | readings,
    captures=st.dictionaries(u8, st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3),
    mode=st.sampled_from(["", *Mode]).map(str),
    notes=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    end=st.booleans(),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("length", [1, 13, 65_535])
def test_the_length_of_what_was_not_kept_comes_back(length: int) -> None:
    item = event(data=b"", withheld_bytes=length)
    assert list(iter_events(records([item, event(1), item]))) == [item, event(1), item]


@given(st.lists(events, max_size=5))
def test_events_round_trip(made: list[Event]) -> None:
    assert list(iter_events(records(made))) == made


def test_the_name_ends_at_its_first_nul() -> None:
    packed = pack_record(event(comm=b"ab\0old tail"))
    assert next(iter_events(packed)).comm == b"ab"


def test_discarded_records_are_left_out() -> None:
    dropped = bytearray(pack_record(event(1)))
    struct.pack_into("<I", dropped, 0, struct.unpack_from("<I", dropped)[0] | DISCARD)
    packed = pack_record(event(0)) + bytes(dropped) + pack_record(event(2))
    assert [item.trigger_ns for item in iter_events(packed)] == [1000, 1002]


@pytest.mark.parametrize("flags", [0, DISCARD])
def test_a_record_longer_than_the_bytes_is_refused(flags: int) -> None:
    with pytest.raises(WireError):
        list(iter_events(struct.pack("<II", 800 | flags, 0) + bytes(80)))


def test_data_longer_than_its_record_is_refused() -> None:
    packed = bytearray(pack_record(event(0)) + pack_record(event(1)))
    struct.pack_into("<I", packed, 8 + 40, 40)
    with pytest.raises(WireError, match="claims more data than it has"):
        list(iter_events(bytes(packed)))


@given(st.binary(max_size=400))
def test_any_bytes_are_events_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        list(iter_events(data))


@given(st.lists(events, min_size=1, max_size=2), st.data())
def test_damaged_events_are_events_or_a_wire_error(made: list[Event], data: st.DataObject) -> None:
    packed = bytearray(records(made))
    packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(u8)
    with contextlib.suppress(WireError):
        list(iter_events(bytes(packed[: data.draw(st.integers(0, len(packed)))])))


@given(batches)
def test_batches_round_trip(made: Batch) -> None:
    assert unpack_batch(pack_batch(made)) == made


def test_not_tried_survives() -> None:
    item = event(nofault=NOT_TRIED, result=NOT_TRIED)
    assert next(iter_events(pack_record(item))) == item


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        unpack_batch(data)


def with_head(head: object) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text


@given(batches, st.data(), json_values)
def test_any_value_anywhere_is_a_batch_or_a_wire_error(
    made: Batch, data: st.DataObject, value: object
) -> None:
    packed = pack_batch(made)
    (size,) = struct.unpack_from("<I", packed)
    head = json.loads(packed[4 : 4 + size])
    place = head
    while isinstance(place, (dict, list)) and place:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    with contextlib.suppress(WireError):
        unpack_batch(with_head(head))


@pytest.mark.parametrize(
    "head",
    [
        [],
        {},
        {"at_ns": float("inf")},
        {"at_ns": 1, "mode": "both"},
        {"at_ns": 1, "captures": {"256": ["sample", "none"]}},
        {"at_ns": 1, "captures": {"-1": ["sample", "none"]}},
        {"at_ns": 1, "reading": {"ledger": {}, "latency": {"hash/resume": [[512, 1]]}}},
    ],
)
def test_bad_heads_are_refused(head: object) -> None:
    with pytest.raises(WireError):
        unpack_batch(with_head(head))


def test_a_head_nested_too_deeply_is_refused() -> None:
    text = b"[" * 100_000
    with pytest.raises(WireError):
        unpack_batch(struct.pack("<I", len(text)) + text)


@pytest.mark.parametrize("odd", [None, 0, 1, 31, 32, 33, 64, 99])
def test_runs_of_one_size_are_the_same_events(odd: int | None) -> None:
    events = [
        event(n, data=b"x" * (3 if n == odd else 12), mode=list(Mode)[n % 2]) for n in range(100)
    ]
    found = Records(b"".join(map(pack_record, events)))
    assert list(found) == events
    assert found.rows == Counter((one.map_kind, one.mode) for one in events)


def test_in_a_run_of_one_size_too_every_length_is_checked() -> None:
    packed = [bytearray(pack_record(event(n))) for n in range(100)]
    packed[70][48:52] = (1 << 20).to_bytes(4, "little")
    with pytest.raises(WireError, match="claims more data"):
        Records(b"".join(packed))
