"""The reader's side of the ring buffer, against bytes that are laid out as the kernel lays them out."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.kernel.run.ringbuf import RingBuffer
from twtui.wire.layout import BUSY, DISCARD

PAGE = os.sysconf("SC_PAGE_SIZE")
DATA = PAGE


class FakeRing:
    """A file with the pages of a ring: consumer, producer, data, and the data once more."""

    def __init__(self, start: int = 0) -> None:
        self.fd = os.memfd_create("ring")
        os.ftruncate(self.fd, 2 * PAGE + 2 * DATA)
        self._memory = mmap.mmap(self.fd, 2 * PAGE + 2 * DATA)
        self.produced = start
        self._store(0, start)
        self._store(PAGE, start)

    def _store(self, at: int, value: int) -> None:
        self._memory[at : at + 8] = struct.pack("<Q", value)

    @property
    def consumed(self) -> int:
        return int(struct.unpack_from("<Q", self._memory)[0])

    def write(self, data: bytes, flags: int = 0) -> int:
        """One record as bpf_ringbuf_reserve and _submit leave it; where it is."""
        at = self.produced
        record = struct.pack("<II", len(data) | flags, 0) + data
        record += bytes(-len(record) % 8)
        assert at + len(record) - self.consumed <= DATA, "full"
        for offset, byte in enumerate(record):
            place = 2 * PAGE + (at + offset) % DATA
            self._memory[place] = self._memory[place + DATA] = byte
        self.produced = at + len(record)
        self._store(PAGE, self.produced)
        return at

    def finish(self, at: int) -> None:
        """The producer is done with a record."""
        for place in (2 * PAGE + at % DATA, 2 * PAGE + at % DATA + DATA):
            (header,) = struct.unpack_from("<I", self._memory, place)
            self._memory[place : place + 4] = struct.pack("<I", header & ~BUSY)

    def close(self) -> None:
        self._memory.close()
        os.close(self.fd)


@contextmanager
def ring(start: int = 0) -> Iterator[tuple[FakeRing, RingBuffer]]:
    fake = FakeRing(start)
    reader = RingBuffer(fake.fd, DATA)
    try:
        yield fake, reader
    finally:
        reader.close()
        fake.close()


def contents(records: bytes) -> list[bytes]:
    """The data of each record."""
    found, at = [], 0
    while at < len(records):
        size = struct.unpack_from("<I", records, at)[0] & (DISCARD - 1)
        found.append(records[at + 8 : at + 8 + size])
        at += (8 + size + 7) // 8 * 8
    assert at == len(records)
    return found


def test_an_empty_ring() -> None:
    with ring() as (_, reader):
        assert reader.take() == b""
        assert reader.backlog_bytes == 0


def test_records_in_order_and_their_space_given_back() -> None:
    with ring() as (fake, reader):
        for data in (b"one", b"", b"three333", b"x" * 100):
            fake.write(data)
        assert reader.backlog_bytes == fake.produced
        assert contents(reader.take()) == [b"one", b"", b"three333", b"x" * 100]
        assert fake.consumed == fake.produced
        assert reader.take() == b""


def test_a_record_that_is_being_written_holds_up_what_follows() -> None:
    with ring() as (fake, reader):
        fake.write(b"before")
        at = fake.write(b"being written", BUSY)
        fake.write(b"after")
        assert contents(reader.take()) == [b"before"]
        assert reader.take() == b""
        assert fake.consumed == at
        fake.finish(at)
        assert contents(reader.take()) == [b"being written", b"after"]


def test_discarded_records_are_taken_too() -> None:
    with ring() as (fake, reader):
        fake.write(b"kept")
        fake.write(b"discarded", DISCARD)
        records = reader.take()
        assert contents(records) == [b"kept", b"discarded"]
        assert struct.unpack_from("<I", records, 16)[0] & DISCARD


def test_a_run_over_the_end_of_the_ring_is_whole() -> None:
    with ring(start=3 * DATA - 16) as (fake, reader):
        fake.write(b"over the end of the ring")
        fake.write(b"and behind it")
        assert contents(reader.take()) == [b"over the end of the ring", b"and behind it"]


@pytest.mark.parametrize(("limit", "taken"), [(1, 1), (16, 1), (17, 2), (1 << 20, 3)])
def test_no_more_than_about_what_is_asked_for(limit: int, taken: int) -> None:
    with ring() as (fake, reader):
        for data in (b"12345678", b"87654321", b"abcdefgh"):
            fake.write(data)
        assert len(contents(reader.take(limit))) == taken


@given(
    st.lists(st.lists(st.binary(max_size=90), max_size=12), max_size=30),
    st.integers(0, 1 << 40).map(lambda at: at * 8),
    st.integers(1, 2000),
)
def test_whatever_is_written_comes_out(
    turns: list[list[bytes]], start: int, max_bytes: int
) -> None:
    with ring(start) as (fake, reader):
        written, read = [], []
        for turn in turns:
            for data in turn:
                fake.write(data)
                written.append(data)
            while records := reader.take(max_bytes):
                read += contents(records)
        assert read == written
        assert fake.consumed == fake.produced
