"""An ELF file: where its parts are loaded, its symbol tables, its build id."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from twtui.errors import TwtuiError, UsageError
from twtui.kernel.symbol_table import SymbolTable

_MOST_SEGMENTS = 1024
_MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}
_EXECUTE = 1
_DEBUG_FILES = Path("/usr/lib/debug/.build-id")
"""Where distributions put what they strip; a build id leads to the right file from any root."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded: PT_LOAD."""

    offset: int
    """In the file, bytes."""
    address: int
    """Before the load bias is added."""
    file_bytes: int
    memory_bytes: int
    is_executable: bool


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except TwtuiError:
        raise
    except Exception as error:
        # a broken byte can lead pyelftools into any exception
        raise UsageError(
            f"{path} cannot be read as an ELF file: {str(error)[:80] or type(error).__name__}",
            "give a program or a shared library",
        ) from None


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
        from elftools.elf.elffile import ELFFile  # 0.1 s that most runs need not spend

        self.path = path
        self._file = file
        with _explained(path):
            self._elf: Any = ELFFile(file)
            self._check()
            self.segments = tuple(self._read_segments())
            self._sections: list[Any] = list(self._elf.iter_sections())

    def _check(self) -> None:
        if self._elf["e_type"] not in ("ET_EXEC", "ET_DYN"):
            raise UsageError(
                f"{self.path} is neither a program nor a shared library", "give one that is"
            )
        native = self._elf["e_machine"] == _MACHINES.get(platform.machine())
        if not (native and self._elf.elfclass == 64 and self._elf.little_endian):
            raise UsageError(
                f"{self.path} is for another machine "
                f"({self._elf.get_machine_arch()}, {self._elf.elfclass} bits)",
                f"this one is {platform.machine()}, and only its 64-bit programs can be watched",
            )
        if self._elf.num_segments() > _MOST_SEGMENTS:
            raise UsageError(f"{self.path} has too many segments", "give a sound file")

    def _read_segments(self) -> Iterator[Segment]:
        for index in range(self._elf.num_segments()):
            header = self._elf.get_segment(index).header
            if header.p_type == "PT_LOAD":
                yield Segment(
                    offset=header.p_offset,
                    address=header.p_vaddr,
                    file_bytes=header.p_filesz,
                    memory_bytes=header.p_memsz,
                    is_executable=bool(header.p_flags & _EXECUTE),
                )

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
        with _explained(self.path):
            found = {
                section.header.sh_type: self._table(section)
                for section in self._sections
                if section.header.sh_type in ("SHT_SYMTAB", "SHT_DYNSYM")
            }
            return tuple(found[kind] for kind in ("SHT_SYMTAB", "SHT_DYNSYM") if kind in found)

    @property
    def is_stripped(self) -> bool:
        """There is no .symtab for it: only what it exports has a name."""
        return all(table.is_dynamic for table in self.tables)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the file, fewer at its end.

        Raises:
            UsageError: It cannot be read there.
        """
        with _explained(self.path):
            left = os.fstat(self._file.fileno()).st_size - offset
            self._file.seek(offset)
            return self._file.read(max(0, min(size, left)))

    def _bytes_of(self, header: Any) -> bytes:
        if header.sh_type == "SHT_NOBITS":
            return b""
        return self.read(header.sh_offset, header.sh_size)

    def _table(self, section: Any) -> SymbolTable:
        is_dynamic = section.header.sh_type == "SHT_DYNSYM"
        versions = b""
        if is_dynamic:
            for other in self._sections:
                if other.header.sh_type == "SHT_GNU_versym":
                    versions = self._bytes_of(other.header)
        return SymbolTable(
            symbols=self._bytes_of(section.header),
            strings=self._bytes_of(self._sections[section.header.sh_link].header),
            versions=versions,
            is_dynamic=is_dynamic,
            section_ends=tuple(
                section.header.sh_addr + section.header.sh_size for section in self._sections
            ),
        )

    def version_name(self, index: int) -> str:
        """The name of a version that the file defines (``GLIBC_2.14``); empty when it does not.

        Raises:
            UsageError: The file is broken.
        """
        with _explained(self.path):
            for section in self._sections:
                if section.header.sh_type == "SHT_GNU_verdef" and index > 1:
                    found = section.get_version(index)
                    return str(next(found[1]).name) if found else ""
        return ""

    @cached_property
    def build_id(self) -> str:
        """NT_GNU_BUILD_ID in hexadecimal; empty when there is none.

        Raises:
            UsageError: The file is broken.
        """
        with _explained(self.path):
            for segment in self._elf.iter_segments("PT_NOTE"):
                for note in segment.iter_notes():
                    if note["n_type"] == "NT_GNU_BUILD_ID":
                        return str(note["n_desc"])
        return ""

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
