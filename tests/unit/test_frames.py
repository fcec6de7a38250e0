"""Frames: whole ones come out whatever the pieces, hostile ones are refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.wire.frames import (
    ANSWERS,
    MAX_REQUEST_BYTES,
    REQUESTS,
    FrameKind,
    FrameReader,
    OtherVersionError,
    pack_frame,
    pack_json,
    unpack_json,
)
from twtui.wire.layout import MAX_FRAME_BYTES, PROTOCOL_VERSION, WireError

ANSWERED = st.lists(
    st.tuples(st.sampled_from(sorted(ANSWERS)), st.binary(max_size=200)), max_size=8
)


@given(ANSWERED, st.integers(1, 40))
def test_frames_survive_any_cutting(frames: list[tuple[FrameKind, bytes]], piece: int) -> None:
    stream = b"".join(pack_frame(kind, payload) for kind, payload in frames)
    reader = FrameReader()
    found = []
    for at in range(0, len(stream), piece):
        found += reader.feed(stream[at : at + piece])
    assert found == frames


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waits(data: bytes) -> None:
    try:
        frames = FrameReader().feed(data)
    except WireError:
        return
    assert sum(8 + len(payload) for _, payload in frames) <= len(data)


def test_another_version_is_said() -> None:
    with pytest.raises(OtherVersionError, match="protocol version 99") as refused:
        FrameReader().feed(struct.pack("<IHH", 0, FrameKind.DONE, 99))
    assert "same version" in refused.value.hint


def test_words_of_another_program_are_no_version() -> None:
    with pytest.raises(WireError) as refused:
        FrameReader().feed(b"Welcome to this machine\r\n")
    assert not isinstance(refused.value, OtherVersionError)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(WireError, match="unknown frame 77"):
        FrameReader().feed(struct.pack("<IHH", 0, 77, PROTOCOL_VERSION))


@pytest.mark.parametrize(("ours", "theirs"), [(REQUESTS, ANSWERS), (ANSWERS, REQUESTS)])
def test_each_side_takes_only_what_is_for_it(
    ours: frozenset[FrameKind], theirs: frozenset[FrameKind]
) -> None:
    for kind in ours:
        assert FrameReader(ours).feed(pack_frame(kind)) == [(kind, b"")]
    for kind in theirs:
        with pytest.raises(WireError, match="unknown frame"):
            FrameReader(ours).feed(pack_frame(kind))


@pytest.mark.parametrize("most", [MAX_REQUEST_BYTES, MAX_FRAME_BYTES])
def test_a_huge_frame_is_refused_before_its_bytes_come(most: int) -> None:
    head = struct.pack("<IHH", most + 1, FrameKind.BATCH, PROTOCOL_VERSION)
    with pytest.raises(WireError, match="a frame of"):
        FrameReader(max_bytes=most).feed(head)


def test_json_frames() -> None:
    ((kind, payload),) = FrameReader(REQUESTS).feed(pack_json(FrameKind.OPEN, {"a": [1, "é"]}))
    assert kind is FrameKind.OPEN
    assert unpack_json(payload) == {"a": [1, "é"]}


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{", b"\xff", b"1", b'{"a":' * 100_000, b'{"a":' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_object_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        unpack_json(payload)
