"""An ELF file: where its parts are loaded, its symbol tables, its build id."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from twtui.errors import UsageError
from twtui.kernel.names.elf_layout import Section, Segment, broken, read_layout
from twtui.kernel.names.symbol_table import SymbolTable, text_at

__all__ = ["ElfFile", "Segment"]

_SYMTAB, _NO_BITS, _DYNSYM = 2, 8, 11
"""sh_type."""
_VERDEF, _VERSYM = 0x6FFFFFFD, 0x6FFFFFFF
_MOST_SYMBOL_BYTES, _MOST_STRING_BYTES, _MOST_VERSION_BYTES = 96 << 20, 256 << 20, 1 << 20
"""Four million symbols: more than the largest programs have."""
_VERSION = struct.Struct("<HHHHIII")
"""Elf64_Verdef: version, flags, index, names, hash, distance to the first name, to the next one."""
_DEBUG_FILES = Path("/usr/lib/debug/.build-id")
"""Where distributions put what they strip; a build id leads to the right file from any root."""


class ElfFile:
    """What the kernel process needs of a program or shared library."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        """Read the headers.

        Args:
            file: Open; stays open and is read again when tables are asked for.
            path: For messages.

        Raises:
            UsageError: Not an ELF file, a broken one, or neither program nor shared library.
        """
        self.path = path
        self._file = file
        layout = read_layout(self.read, path)
        self.segments, self._sections = layout.segments, layout.sections
        self.build_id = layout.build_id
        """NT_GNU_BUILD_ID in hexadecimal; empty when there is none."""

    @cached_property
    def tables(self) -> tuple[SymbolTable, ...]:
        """.symtab, of the file or of the separate debug file installed for it, then .dynsym.

        Raises:
            UsageError: The file is broken.
        """
        own = self._own_tables()
        if not all(table.is_dynamic for table in own) or not self.build_id:
            return own
        separate = _DEBUG_FILES / self.build_id[:2] / f"{self.build_id[2:]}.debug"
        with suppress(OSError, UsageError), separate.open("rb") as file:
            debug = ElfFile(file, str(separate))
            if debug.build_id == self.build_id:
                return (*debug._own_tables()[:1], *own)
        return own

    def _own_tables(self) -> tuple[SymbolTable, ...]:
        # of several of one kind, which no linker makes, the last counts
        found = {section.kind: section for section in self._sections}
        return tuple(self._table(found[kind]) for kind in (_SYMTAB, _DYNSYM) if kind in found)

    @property
    def is_stripped(self) -> bool:
        """There is no .symtab for it: only what it exports has a name."""
        return all(table.is_dynamic for table in self.tables)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the file, fewer at its end.

        Raises:
            UsageError: It cannot be read there.
        """
        try:
            left = os.fstat(self._file.fileno()).st_size - offset
            self._file.seek(offset)
            return self._file.read(max(0, min(size, left)))
        except (OSError, ValueError, OverflowError) as error:
            raise broken(self.path, str(error)) from None

    def _bytes_of(self, section: Section, most: int) -> bytes:
        if section.kind == _NO_BITS:
            return b""
        if section.size > most:
            raise broken(self.path, f"a table of {section.size:,} bytes")
        return self.read(section.offset, section.size)

    def _strings_of(self, section: Section) -> bytes:
        if section.link >= len(self._sections):
            raise broken(self.path, "a table without its strings")
        return self._bytes_of(self._sections[section.link], _MOST_STRING_BYTES)

    def _table(self, section: Section) -> SymbolTable:
        is_dynamic = section.kind == _DYNSYM
        versions = b""
        if is_dynamic:
            for other in self._sections:
                if other.kind == _VERSYM:
                    versions = self._bytes_of(other, _MOST_SYMBOL_BYTES)
                    break
        return SymbolTable(
            symbols=self._bytes_of(section, _MOST_SYMBOL_BYTES),
            strings=self._strings_of(section),
            versions=versions,
            is_dynamic=is_dynamic,
            section_ends=tuple(section.address + section.size for section in self._sections),
        )

    def version_name(self, index: int) -> str:
        """The name of a version that the file defines (``GLIBC_2.14``); empty when it does not.

        Raises:
            UsageError: The file is broken.
        """
        return self._versions.get(index, "") if index > 1 else ""

    @cached_property
    def _versions(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for section in self._sections:
            if section.kind == _VERDEF:
                data = self._bytes_of(section, _MOST_VERSION_BYTES)
                strings = self._strings_of(section)
                at, step = 0, 1
                # a step is never back, so this ends with the data at the latest
                while step and at + _VERSION.size <= len(data):
                    _, _, index, _, _, first, step = _VERSION.unpack_from(data, at)
                    name = data[at + first : at + first + 4]
                    if len(name) == 4:
                        names[index] = text_at(strings, int.from_bytes(name, "little"))
                    at += step
                break
        return names

    def file_offset(self, address: int) -> int | None:
        """Where in the file the code of an address is; None when no code is loaded there."""
        for segment in self.segments:
            if segment.is_executable and 0 <= address - segment.address < segment.file_bytes:
                return address - segment.address + segment.offset
        return None

    def load_bias(self, start: int, offset: int) -> int | None:
        """What the loader added to every address of the file.

        Args:
            start: First address of an executable mapping.
            offset: Bytes of the file before it.

        Returns:
            None when no executable segment can have been mapped so: the file has been changed.
        """
        page = os.sysconf("SC_PAGE_SIZE")
        for segment in self.segments:
            first = segment.offset // page * page
            if segment.is_executable and first <= offset < segment.offset + segment.file_bytes:
                return start - offset + segment.offset - segment.address
        return None
