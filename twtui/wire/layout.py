"""Bytes on the wire: events as bpf/twtui.h lays them out, and the records of the ring buffer."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, overload

from twtui.errors import TwtuiError
from twtui.model.enums import EventFlag, MapKind, Mode
from twtui.model.event import Event
from twtui.model.ledger import Row

PROTOCOL_VERSION = 3
MAX_FRAME_BYTES = 64 << 20
ROWS: tuple[Row, ...] = tuple((kind, mode) for kind in MapKind for mode in Mode)
"""Rows of the ledger in the order of the kernel's maps: map kind x 2 + mode."""

EVENT = struct.Struct("<QQQiiIIIIHHBBBB16s")
"""The fixed part of ``struct tw_event``."""
CAPTURE = struct.Struct("<QQ5qIIII")
"""``struct tw_capture``."""
CONFIG = struct.Struct("<IIII")
"""``struct tw_config``."""
TARGET = struct.Struct("<IIQ4Q")
"""``struct tw_target``."""
PYTHONS = 16
"""Sets of offsets in one run; the first stays empty."""
PYTHON_OFFSETS_FIELDS = (
    "interpreters_head next_interpreter threads_head next_thread native_thread_id thread_holder "
    "current_frame frame_code frame_previous frame_owner code_function code_file code_line "
    "text_length text_state text_ascii text_wide"
).split()
PYTHON_OFFSETS = struct.Struct(f"<{'I' * len(PYTHON_OFFSETS_FIELDS)}")
"""``struct tw_python_offsets``."""
PROBE = struct.Struct("<IIiI")
"""``struct tw_probe``."""
SWEEP = struct.Struct("<II2Q2QQQ")
"""``struct tw_sweep``."""
COUNTER_FIELDS = (
    "fired self_fired not_needed scheduled busy no_slot rejected retried completed read_ok read_fault read_none "
    "truncated nofault_ok nofault_fault nofault_none rescued cancelled lost emitted dropped "
    "put_off taken_up"
).split()
"""The u64 members of ``struct tw_counters`` before ``errors``."""
ERRNOS = 134
MOST_DATA_BYTES = 1 << 16
"""More than the data of an event ever is, frames of a stack included."""
MOST_COMM_BYTES = 16
CAPTURES = 256
"""``tw_event.capture`` is one byte."""

_RECORD = struct.Struct("<II")
_SIZE = struct.Struct("<I")
BUSY, DISCARD = 1 << 31, 1 << 30
_LENGTH_MASK = DISCARD - 1
_FIXED_BYTES = EVENT.size
_MOST_RECORD_BYTES = 2 * MOST_DATA_BYTES
_RUN = 32
"""Records that are looked at together where they have one size."""
_LENGTH_WORD = (8 + 40) // 4
_KIND_WORD = (8 + 52) // 4
"""Where ``length`` and ``map_kind`` of ``struct tw_event`` are, in words of 4 bytes from a record's header."""
_KINDS = tuple(MapKind)
_MODES = tuple(Mode)
_WITH_REGISTERS = int(EventFlag.WITH_REGISTERS)
_WITHHELD = 1 << 7
"""Of recordings only, the kernel does not know it: behind no data its length, u32."""
_WITH_MORE = _WITH_REGISTERS | _WITHHELD
_new_event: Callable[[tuple[Any, ...]], Event] = partial(tuple.__new__, Event)


class WireError(TwtuiError):
    """Bytes that are not what the protocol says; the other side is broken or hostile."""


def pack_record(event: Event) -> bytes:
    """One event as the ring buffer holds it: header, fixed part, data, registers, padding to 8 bytes.

    Raises:
        struct.error, ValueError, TypeError, AttributeError: Something in it does not fit.
    """
    if len(event.data) > MOST_DATA_BYTES or len(event.comm) > MOST_COMM_BYTES:
        raise ValueError(f"an event with {len(event.data)} bytes of data")
    flags, more = event.flags, event.registers
    if event.withheld_bytes:
        flags, more = flags | _WITHHELD, _SIZE.pack(event.withheld_bytes)
    elif more:
        flags |= _WITH_REGISTERS
    fixed = EVENT.pack(
        event.trigger_ns, event.ran_ns, event.address, event.nofault, event.result,
        event.pid, event.tid, len(event.data), event.wanted_bytes, event.trigger_cpu, event.ran_cpu,
        event.map_kind.number, event.mode.number, event.capture,
        flags, event.comm,
    )  # fmt: skip
    body = fixed + event.data + more
    return _RECORD.pack(len(body), 0) + body + bytes(-len(body) % 8)


class Records(Sequence[Event]):
    """The events in ``Batch.records``, in order; discarded records are left out.

    All records are looked at once, which takes a quarter of a microsecond each, and a tenth where many
    have one size; an event is made only when it is asked for, which takes one.

    Raises:
        WireError: The bytes do not hold whole records of a known layout.
    """

    __slots__ = ("_offsets", "_records", "rows")

    def __init__(self, records: bytes) -> None:
        self._records = records
        self._offsets: list[int] = []
        kinds: list[int] = []
        end, rest = divmod(len(records), 4)
        if rest:
            raise WireError(f"{len(records)} bytes are no whole records")
        words = memoryview(records).cast("I")
        add, add_kind, at, before = self._offsets.append, kinds.append, 0, 0
        try:
            while at < end:
                header = words[at]
                size = header & _LENGTH_MASK
                step = ((size + 15) >> 3) << 1
                if not header & DISCARD:
                    if words[at + _LENGTH_WORD] + _FIXED_BYTES > size or size > _MOST_RECORD_BYTES:
                        raise WireError(f"record at byte {at * 4} claims more data than it has")
                    if header == before and (run := self._take_run(words, at, step, kinds)):
                        at += run * step
                        continue
                    add_kind(words[at + _KIND_WORD])
                    add(at * 4)
                before = header
                at += step
        except IndexError:
            raise WireError(f"broken record at byte {at * 4}") from None
        if at != end:
            raise WireError(f"the last record claims {(at - end) * 4} bytes that are not there")
        try:
            self.rows: dict[Row, int] = {}
            """How many there are of each row of the ledger."""
            for word, count in Counter(kinds).items():
                row = _KINDS[word & 0xFF], _MODES[word >> 8 & 0xFF]
                self.rows[row] = self.rows.get(row, 0) + count
        except IndexError:
            raise WireError("an event of an unknown map kind or mode") from None

    def _take_run(self, words: memoryview, at: int, step: int, kinds: list[int]) -> int:
        """Records of one size, many at once; how many, and 0 where the next ones differ.

        Args:
            words: All records.
            at: The first one, already checked, in words.
            step: From one to the next, in words.
            kinds: Gets the word with kind and mode of each.
        """
        end = at + _RUN * step
        if end > len(words):
            return 0
        headers = words[at:end:step].tolist()
        longest = max(words[at + _LENGTH_WORD : end : step].tolist())
        if headers.count(headers[0]) != _RUN or longest + _FIXED_BYTES > headers[0] & _LENGTH_MASK:
            return 0
        kinds += words[at + _KIND_WORD : end : step].tolist()
        self._offsets += range(at * 4, end * 4, step * 4)
        return _RUN

    def __len__(self) -> int:
        return len(self._offsets)

    def __iter__(self) -> Iterator[Event]:
        return map(self._event, self._offsets)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return list(map(self._event, self._offsets[index]))
        return self._event(self._offsets[index])

    def _event(self, at: int) -> Event:
        (
            trigger_ns, ran_ns, address, nofault, result, tgid, tid, length, wanted,
            trigger_cpu, ran_cpu, kind, mode, capture, flags, comm,
        ) = EVENT.unpack_from(self._records, at + 8)  # fmt: skip
        records, start = self._records, at + 8 + _FIXED_BYTES
        end = start + length
        registers, withheld = b"", 0
        if flags & _WITH_MORE:
            (size,) = _SIZE.unpack_from(records, at)
            registers = records[end : at + 8 + (size & _LENGTH_MASK)]
            if flags & _WITHHELD:
                registers, withheld = b"", int.from_bytes(registers[:4], "little")
            flags &= ~_WITH_MORE
        # the constructor of a NamedTuple would do the same in one call more
        return _new_event((
            trigger_ns, ran_ns, address, nofault, result, tgid, tid, wanted,
            trigger_cpu, ran_cpu, _KINDS[kind], _MODES[mode], capture, flags,
            comm.partition(b"\0")[0], records[start:end], registers,
            withheld,
        ))  # fmt: skip


def rows_of(events: Sequence[Event]) -> Mapping[Row, int]:
    """How many events there are of each row of the ledger; of ``Records`` without making any."""
    if isinstance(events, Records):
        return events.rows
    return Counter((event.map_kind, event.mode) for event in events)


def iter_events(records: bytes) -> Iterator[Event]:
    """The events in ``Batch.records``, one after the other.

    Raises:
        WireError: As ``Records``.
    """
    return iter(Records(records))
