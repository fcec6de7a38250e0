"""A symbol table of an ELF file, searched in raw form: 100,000 symbols make no objects."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

_HIDDEN = 0x8000
"""VERSYM_HIDDEN: an old version, which a program linked today does not get."""
_UNDEFINED, _ABSOLUTE, _COMMON = 0, 0xFFF1, 0xFFF2


class SymbolType(IntEnum):
    """STT_… of elf.h, as far as they name memory."""

    NONE = 0
    OBJECT = 1
    FUNCTION = 2
    COMMON = 5
    THREAD_LOCAL = 6
    INDIRECT = 10
    """STT_GNU_IFUNC: code that picks the function when the program starts."""


_Row = tuple[int, ...]
_ENTRY = struct.Struct("<IBxHQQ")
"""Elf64_Sym: name, type and binding, section, value, size."""
_TYPES = {int(kind): kind for kind in SymbolType}
_FUNCTIONS = (SymbolType.FUNCTION, SymbolType.INDIRECT)
_MOST_OF_ONE_NAME = 1 << 16
"""Places where a name stands; a linker writes it once, or as the end of another."""
_MOST_NAME_BYTES = 4096
_NEAR = 32
"""Symbols looked at before an address: aliases, and labels inside a function."""
CODE_TYPES = (*_FUNCTIONS, SymbolType.NONE)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol that the file defines."""

    name: str
    """With its version where the table writes it so (``memcpy@@GLIBC_2.14``)."""
    address: int
    """As in the file, without the load bias."""
    size: int
    """Bytes; 0 when the file does not say."""
    type: SymbolType
    is_local: bool
    is_default: bool
    """The version that a program linked today gets, or it has none."""
    version: int = 0
    """Index into the version definitions; 0 when not known."""


def text_at(strings: bytes, offset: int) -> str:
    """A string of a table; one without end is cut."""
    end = strings.find(b"\0", offset, offset + _MOST_NAME_BYTES)
    return strings[offset : end if end >= 0 else offset + _MOST_NAME_BYTES].decode(errors="replace")


def _plainness(symbol: Symbol) -> tuple[bool, bool, int, int, str]:
    """``malloc`` rather than ``__libc_malloc``, which is the same code."""
    underscores = len(symbol.name) - len(symbol.name.lstrip("_"))
    return not symbol.is_local, symbol.is_default, -underscores, -len(symbol.name), symbol.name


@dataclass(frozen=True)
class SymbolTable:
    """The bytes of one table, of its strings and of its versions."""

    symbols: bytes
    strings: bytes
    versions: bytes = b""
    """.gnu.version: two bytes a symbol; empty for .symtab."""
    is_dynamic: bool = False
    section_ends: tuple[int, ...] = ()
    """The first address behind each section, by its number."""

    def _rows(self) -> Iterator[_Row]:
        return _ENTRY.iter_unpack(self.symbols[: len(self.symbols) // _ENTRY.size * _ENTRY.size])

    def _name_offsets(self, name: bytes) -> set[int]:
        """Every place of the strings where ``name`` ends, or its version follows."""
        offsets: set[int] = set()
        for end in (b"\0", b"@"):
            at = self.strings.find(name + end)
            while at >= 0 and len(offsets) < _MOST_OF_ONE_NAME:
                offsets.add(at)
                at = self.strings.find(name + end, at + 1)
        return offsets

    def _make(self, index: int, row: _Row) -> Symbol | None:
        name_offset, info, section, value, size = row
        kind = _TYPES.get(info & 15)
        if kind is None or section in (_UNDEFINED, _ABSOLUTE):
            return None
        if section == _COMMON and kind is not SymbolType.COMMON:
            return None
        name = text_at(self.strings, name_offset)
        entry = self.versions[2 * index : 2 * index + 2]
        version = struct.unpack("<H", entry)[0] if len(entry) == 2 else 0
        _, at, rest = name.partition("@")
        return Symbol(
            name=name,
            address=value,
            size=size,
            type=kind,
            is_local=info >> 4 == 0,
            is_default=not version & _HIDDEN and (not at or rest.startswith("@")),
            version=version & ~_HIDDEN,
        )

    def find(self, name: str) -> list[Symbol]:
        """The symbols of a name that the file defines, every version of it.

        Args:
            name: Without a version.
        """
        offsets = self._name_offsets(name.encode(errors="surrogateescape")) if name else set()
        if not offsets:
            return []
        found = []
        for index, row in enumerate(self._rows()):
            if row[0] in offsets and (symbol := self._make(index, row)):
                found.append(symbol)
        return found

    def function_names(self) -> Iterator[str]:
        """The functions that the file defines, without versions, in the order of the table."""
        for name, info, section, _, _ in self._rows():
            if info & 15 in _FUNCTIONS and section not in (_UNDEFINED, _ABSOLUTE):
                yield text_at(self.strings, name).partition("@")[0]

    @cached_property
    def _code(self) -> list[tuple[int, int, int]]:
        """Address, end and index of functions, by address."""
        ends = dict(enumerate(self.section_ends))
        # one without a size, written in assembly, reaches to the next, or its section's end
        rows = [
            (value, value + size if size else ends.get(section, value + 1), index)
            for index, (_, info, section, value, size) in enumerate(self._rows())
            if info & 15 in _FUNCTIONS and section not in (_UNDEFINED, _ABSOLUTE)
        ]
        rows.sort()
        return rows

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds an address of the file, by the plainest of its names."""
        last = bisect_right(self._code, address, key=lambda row: row[0])
        found: list[Symbol] = []
        for start, end, index in reversed(self._code[max(0, last - _NEAR) : last]):
            if found and start != found[0].address:
                break
            if address < end and (symbol := self._at(index)):
                found.append(symbol)
        return max(found, key=_plainness, default=None)

    def _at(self, index: int) -> Symbol | None:
        return self._make(index, _ENTRY.unpack_from(self.symbols, index * _ENTRY.size))

    @property
    def held_bytes(self) -> int:
        """Memory that keeping this table takes, about."""
        return len(self.symbols) + len(self.strings) + 130 * len(self._code)
