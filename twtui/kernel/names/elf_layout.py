"""Where the parts of an ELF file are: its header, segments, sections and notes; nothing in it is trusted.

A file of a target can claim anything. Every table is read once, as a whole, and has a limit, so that no file
costs more than a sound one of that size.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from twtui.errors import UsageError

MOST_SEGMENTS, MOST_SECTIONS = 1024, 1 << 16
_MOST_NOTE_BYTES = 1 << 16
_IDENT_BYTES = 16
_MAGIC, _CLASS_64, _LITTLE_ENDIAN = b"\x7fELF", 2, 1
_EXECUTABLE, _SHARED = 2, 3
"""e_type."""
_MACHINES = {3: "x86", 40: "ARM", 62: "x86_64", 183: "aarch64", 243: "riscv"}
_KIND = struct.Struct("<HH")
_HEADER = struct.Struct("<HHIQQQIHHHHHH")
"""Elf64_Ehdr behind e_ident."""
_SEGMENT = struct.Struct("<IIQQQQQQ")
"""Elf64_Phdr: type, flags, offset, address, physical address, bytes in the file, in memory, alignment."""
_LOAD, _NOTE = 1, 4
_EXECUTE = 1
_MORE = 0xFFFF
"""e_phnum: the number is in the first section."""
_NOTE_HEAD = struct.Struct("<III")
_BUILD_ID = (3, b"GNU\0")
Read = Callable[[int, int], bytes]
"""Bytes of the file: from, how many; fewer at its end."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded: PT_LOAD."""

    offset: int
    """In the file, bytes."""
    address: int
    """Before the load bias is added."""
    file_bytes: int
    is_executable: bool


class Section(NamedTuple):
    """Elf64_Shdr."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


_SECTION = struct.Struct("<IIQQQQIIQQ")


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of one file."""

    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    build_id: str
    """NT_GNU_BUILD_ID in hexadecimal; empty when there is none."""


def read_layout(read: Read, path: str) -> Layout:
    """Read all tables of a file.

    Args:
        read: Yields its bytes.
        path: For messages.

    Raises:
        UsageError: Not an ELF file, a broken one, or neither program nor shared library of this machine.
    """
    head = read(0, _IDENT_BYTES + _HEADER.size)
    if not head.startswith(_MAGIC) or len(head) < _IDENT_BYTES + _KIND.size:
        raise UsageError(
            f"{path} cannot be read as an ELF file", "give a program or a shared library"
        )
    _check_kind(head, path)
    if len(head) < _IDENT_BYTES + _HEADER.size:
        raise broken(path, "its header is cut")
    (
        _, _, _, _, segments_at, sections_at, _, _,
        segment_bytes, segment_count, section_bytes, section_count, _,
    ) = _HEADER.unpack_from(head, _IDENT_BYTES)  # fmt: skip
    sections: tuple[Section, ...] = ()
    if sections_at:
        if section_bytes != _SECTION.size:
            raise broken(path, "its sections are of another size")
        first = Section(*_SECTION.unpack(_whole(read, sections_at, _SECTION.size, path)))
        section_count = section_count or first.size
        if segment_count == _MORE:
            segment_count = first.info
        if section_count > MOST_SECTIONS:
            raise UsageError(f"{path} has too many sections", "give a sound file")
        table = _whole(read, sections_at, section_count * _SECTION.size, path)
        sections = tuple(map(Section._make, _SECTION.iter_unpack(table)))
    if segment_count > MOST_SEGMENTS:
        raise UsageError(f"{path} has too many segments", "give a sound file")
    if segment_count and segment_bytes != _SEGMENT.size:
        raise broken(path, "its segments are of another size")
    table = _whole(read, segments_at, segment_count * _SEGMENT.size, path)
    rows = list(_SEGMENT.iter_unpack(table))
    segments = tuple(
        Segment(offset, address, file_bytes, bool(flags & _EXECUTE))
        for kind, flags, offset, address, _, file_bytes, _, _ in rows
        if kind == _LOAD
    )
    notes = (
        (read(offset, min(file_bytes, _MOST_NOTE_BYTES)), alignment)
        for kind, _, offset, _, _, file_bytes, _, alignment in rows
        if kind == _NOTE
    )
    return Layout(segments, sections, next(_build_ids(notes), ""))


def broken(path: str, why: str) -> UsageError:
    """The error for a file that does not hold together."""
    return UsageError(
        f"{path} cannot be read as an ELF file: {why}", "give a program or a shared library"
    )


def _check_kind(head: bytes, path: str) -> None:
    kind, machine = _KIND.unpack_from(head, _IDENT_BYTES)
    is_native = head[4] == _CLASS_64 and head[5] == _LITTLE_ENDIAN
    if is_native and kind not in (_EXECUTABLE, _SHARED):
        raise UsageError(f"{path} is neither a program nor a shared library", "give one that is")
    name = _MACHINES.get(machine, f"machine {machine}")
    if not is_native or name != platform.machine():
        bits = 64 if head[4] == _CLASS_64 else 32
        raise UsageError(
            f"{path} is for another machine ({name}, {bits} bits)",
            f"this one is {platform.machine()}, and only its 64-bit programs can be watched",
        )


def _whole(read: Read, offset: int, size: int, path: str) -> bytes:
    data = read(offset, size)
    if len(data) < size:
        raise broken(path, "it ends within a table")
    return data


def _build_ids(notes: Iterator[tuple[bytes, int]]) -> Iterator[str]:
    for data, alignment in notes:
        step = 8 if alignment == 8 else 4
        at = 0
        while at + _NOTE_HEAD.size <= len(data):
            name_bytes, size, kind = _NOTE_HEAD.unpack_from(data, at)
            name = at + _NOTE_HEAD.size
            start = (name + name_bytes + step - 1) // step * step
            if (kind, data[name : name + name_bytes]) == _BUILD_ID:
                yield data[start : start + size].hex()
            at = (start + size + step - 1) // step * step
