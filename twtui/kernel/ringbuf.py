"""Reads the ring buffer through its own memory map: whole runs of records at once, no call per event."""

from __future__ import annotations

import ctypes as ct
import mmap
import os

from twtui.wire import whole_records

_LARGEST_RECORD_BYTES = 1 << 16


class RingBuffer:
    """The consumer's side of a ``BPF_MAP_TYPE_RINGBUF`` (kernel/bpf/ringbuf.c).

    The first page is the consumer's and writable; the second the producer's; then the data,
    mapped twice in a row, so that a run of records never has to be put together.
    """

    def __init__(self, fd: int, data_bytes: int) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        self._mask = data_bytes - 1
        self._consumer_map = mmap.mmap(fd, page)
        self._producer_map = mmap.mmap(fd, page + 2 * data_bytes, prot=mmap.PROT_READ, offset=page)
        # one aligned 8-byte store: the kernel reads the position while we write it
        self._consumed = ct.c_uint64.from_buffer(self._consumer_map)
        self._produced = memoryview(self._producer_map)[:8].cast("Q")
        self._data = memoryview(self._producer_map)[page:]

    @property
    def backlog_bytes(self) -> int:
        """Bytes produced and not taken yet."""
        return int(self._produced[0]) - self._consumed.value

    def take(self, max_bytes: int = 16 << 20) -> bytes:
        """The finished records in order, up to about ``max_bytes``, and their space given back.

        Stops before a record that is still being written.
        """
        consumed = self._consumed.value
        # no more than is looked at: with much behind, every call would copy all of it
        size = min(int(self._produced[0]) - consumed, max_bytes + _LARGEST_RECORD_BYTES)
        if not size:
            return b""
        start = consumed & self._mask
        records = bytes(self._data[start : start + size])
        size = whole_records(records, max_bytes)
        self._consumed.value = consumed + size
        return records[:size]

    def close(self) -> None:
        """Unmap. The positions must not be used afterwards."""
        self._produced.release()
        self._data.release()
        del self._consumed
        self._producer_map.close()
        self._consumer_map.close()
