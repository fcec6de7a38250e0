"""Reads the ring buffer through its own memory map: whole runs of records at once, no call per event."""

from __future__ import annotations

import ctypes as ct
import os

from twtui.kernel.bpf.map_memory import map_memory
from twtui.wire.layout import BUSY, DISCARD

_WORD = 4
_LENGTH_MASK = DISCARD - 1


class RingBuffer:
    """The consumer's side of a ``BPF_MAP_TYPE_RINGBUF`` (kernel/bpf/ringbuf.c).

    The first page is the consumer's and writable; the second the producer's; then the data,
    mapped twice in a row, so that a run of records never has to be put together.
    """

    def __init__(self, fd: int, data_bytes: int) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        self._mask = data_bytes - 1
        self._consumer_map = map_memory(fd, page)
        size = page + 2 * data_bytes
        try:
            self._producer_map = map_memory(fd, size, page, writable=False)
        except OSError:
            self._consumer_map.close()
            raise
        # one aligned 8-byte store: the kernel reads the position while we write it
        self._consumed = ct.c_uint64.from_buffer(self._consumer_map)
        self._produced = memoryview(self._producer_map)[:8].cast("Q")
        self._data = memoryview(self._producer_map)[page:]
        self._words = self._data.cast("I")

    @property
    def backlog_bytes(self) -> int:
        """Bytes produced and not taken yet."""
        return int(self._produced[0]) - self._consumed.value

    def take(self, max_bytes: int = 16 << 20) -> bytes:
        """The finished records in order, up to about ``max_bytes``, and their space given back.

        Stops before a record that is still being written.
        """
        consumed = self._consumed.value
        start = consumed & self._mask
        size = self._finished(start, min(int(self._produced[0]) - consumed, max_bytes))
        records = bytes(self._data[start : start + size])
        self._consumed.value = consumed + size
        return records

    def _finished(self, start: int, limit: int) -> int:
        """Bytes of finished records from ``start``, until at least ``limit``; looked at in place."""
        words = self._words
        at = first = start // _WORD
        end = (start + limit + _WORD - 1) // _WORD
        while at < end:
            header = words[at]
            if header & BUSY:
                break
            # the header and the record, filled up to 8 bytes
            at += (((header & _LENGTH_MASK) + 15) >> 3) * (8 // _WORD)
        return (at - first) * _WORD

    def close(self) -> None:
        """Unmap. The positions must not be used afterwards."""
        self._produced.release()
        self._words.release()
        self._data.release()
        del self._consumed
        self._producer_map.close()
        self._consumer_map.close()
