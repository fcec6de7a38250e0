"""Names the code of files: a bounded cache of open ELF files, still readable when their process has died."""

from __future__ import annotations

import ctypes as ct
import os
import re
import stat
from collections import OrderedDict
from functools import cache
from typing import Any, BinaryIO

from twtui.errors import TwtuiError, UsageError
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.processes.mappings import Mapping, Module
from twtui.kernel.processes.target_files import open_module

_REFERENCE = re.compile(r"[ST][0-9A-Z]*_")
"""To a part of the name before it, or to an argument of a template."""
_MOST_REFERENCES = 28
"""One name in 10,000 of LLVM's has more; with so many it grows to a megabyte at most."""
_MOST_FILES = 64
_MOST_BYTES = 128 << 20


@cache
def _demangler() -> Any:
    try:
        function = ct.CDLL("libstdc++.so.6").__cxa_demangle
    except (OSError, AttributeError):
        return None
    function.restype = ct.c_void_p
    function.argtypes = [ct.c_char_p, ct.c_void_p, ct.c_void_p, ct.POINTER(ct.c_int)]
    return function


def demangle(name: str) -> str:
    """A C++ name as people write it, any other name as it is; the same that BCC makes of it.

    A name that refers back to parts of itself too often stays as it is: each reference can
    double the text, so that 250 bytes of a hostile file would fill the memory.
    """
    function = _demangler() if name.startswith("_Z") else None
    if function is None or len(_REFERENCE.findall(name)) > _MOST_REFERENCES:
        return name
    text = function(name.encode(errors="replace"), None, None, ct.byref(ct.c_int()))
    if not text:
        return name
    demangled = ct.string_at(text).decode(errors="replace")
    _free(text)
    return demangled


_free = ct.CDLL(None).free
_free.restype, _free.argtypes = None, [ct.c_void_p]


class KnownFile:
    """An open ELF file and its symbols, read when they are first asked for."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        """Take over ``file``.

        Raises:
            UsageError: Not an ELF file; ``file`` is still the caller's.
        """
        self._elf = ElfFile(file, path)
        self._file = file
        self._readable = True
        self.build_id = self._elf.build_id

    def address(self, mapping: Mapping, address: int) -> int | None:
        """An address of a process as in the file, without the load bias."""
        bias = self._elf.load_bias(mapping.start, mapping.offset)
        return None if bias is None else address - bias

    def function_at(self, address: int) -> tuple[str, int] | None:
        """The function that holds an address of the file, and the bytes from its start."""
        try:
            for table in self._elf.tables if self._readable else ():
                if symbol := table.function_at(address):
                    name = demangle(symbol.name.partition("@")[0])
                    return name, address - symbol.address
        except UsageError:
            self._readable = False
        return None

    @property
    def held_bytes(self) -> int:
        """Memory that it keeps, about; 0 until symbols have been asked for."""
        tables = self._elf.__dict__.get("tables", ())
        return sum(table.held_bytes for table in tables)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_Identity = tuple[int, int, int, int]


class FileCache:
    """The files in which addresses were looked up last."""

    def __init__(self) -> None:
        self._files: OrderedDict[_Identity, KnownFile | None] = OrderedDict()

    def open(self, pid: int, module: Module, taken_s: float) -> _Identity | None:
        """Open a module of a process that may have died.

        Args:
            pid: The process.
            module: What it has or had mapped.
            taken_s: When that was seen, seconds since the epoch.

        Returns:
            What to ``get`` it by; None when the file is out of reach.
        """
        file = _open(pid, module, taken_s)
        if file is None:
            return None
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if identity in self._files:
            file.close()
            return identity
        known: KnownFile | None = None
        try:
            known = KnownFile(file, module.path)
        except UsageError:
            file.close()
        self._files[identity] = known
        self._shrink(_MOST_FILES, _MOST_BYTES)
        return identity

    def get(self, identity: _Identity) -> KnownFile | None:
        """An opened file; None when it is no ELF file or has been closed since."""
        if identity in self._files:
            self._files.move_to_end(identity)
            self._shrink(_MOST_FILES, _MOST_BYTES)
        return self._files.get(identity)

    def _shrink(self, files: int, held_bytes: int) -> None:
        while len(self._files) > max(files, 1) or (
            len(self._files) > 1
            and sum(known.held_bytes for known in self._files.values() if known) > held_bytes
        ):
            _, known = self._files.popitem(last=False)
            if known:
                known.close()

    def close(self) -> None:
        """Close every file. Idempotent."""
        while self._files:
            _, known = self._files.popitem()
            if known:
                known.close()


def _open(pid: int, module: Module, taken_s: float) -> BinaryIO | None:
    try:
        return open_module(pid, module).file
    except TwtuiError:
        if module.deleted:
            return None
    # the process has died: its path may still lead to the file, if it is ours too
    try:
        # whatever is there by now, nothing waits for it
        file = os.fdopen(os.open(module.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
        status = os.fstat(file.fileno())
        same = status.st_ino == module.inode and status.st_ctime <= taken_s
        if same and stat.S_ISREG(status.st_mode):
            return file
        file.close()
    except (OSError, ValueError):
        pass
    return None
