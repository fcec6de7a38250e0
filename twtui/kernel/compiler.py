"""Compiles a map kind's programs with BCC and takes what it made: machine code, BTF and the slots map."""

from __future__ import annotations

import ctypes as ct
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twtui.errors import CompileError, UnsupportedError
from twtui.kernel import libbpf
from twtui.kernel.linker import INSTRUCTION_BYTES, Instruction, function_starts
from twtui.kernel.source import bpf_directory
from twtui.model.enums import MapKind

_KIND_FUNC = 12
_STORAGE_TYPES = ("int", "tw_buffer", "tw_entries")
_HEADERS_VARIABLE = "BCC_KERNEL_SOURCE"
_INSTALL_HINT = (
    "install BCC: apt install python3-bpfcc (Debian, Ubuntu); PyPI's bcc is another package"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One program with its functions, not linked yet."""

    code: bytes
    starts: tuple[int, ...]
    """First instruction of each function, the program first."""
    function_ids: tuple[int, ...]
    """Their ids in the module's BTF."""


@dataclass(frozen=True, slots=True)
class Module:
    """What BCC made of one map kind."""

    map_kind: MapKind
    slots_fd: int
    btf_fd: int
    btf_ids: dict[str, int]
    """Types by name that task storage needs: its values and its key."""
    sections: dict[str, Section]

    def close(self) -> None:
        """Close the map and the BTF."""
        os.close(self.slots_fd)
        os.close(self.btf_fd)


def import_bcc() -> Any:
    """BCC's module.

    Raises:
        UnsupportedError: It is not installed for this Python, or is something else.
    """
    os.environ[_HEADERS_VARIABLE] = str(bpf_directory() / "include")
    try:
        import bcc
    except (ImportError, OSError) as error:
        raise UnsupportedError(f"BCC is not there: {error}", _INSTALL_HINT) from None
    if not hasattr(bcc, "BPF"):
        raise UnsupportedError("the bcc that is installed is not BCC", _INSTALL_HINT)
    return bcc


def _source(map_kind: MapKind) -> str:
    directory = bpf_directory()
    parts = (directory / f"{map_kind}.c", directory / "programs.c")
    return "\n".join(f'#line 1 "{part.name}"\n{part.read_text()}' for part in parts)


def compile_module(map_kind: MapKind, defines: Sequence[str], programs: Sequence[str]) -> Module:
    """Compile the programs of one map kind; 0.3 to 0.9 s.

    Args:
        map_kind: Which.
        defines: Compiler flags of the form ``-DNAME=VALUE``.
        programs: Names of the programs to take.

    Raises:
        CompileError: The compiler refused; its words are on standard error.
        UnsupportedError: BCC is not there.
    """
    bcc = import_bcc()
    flags = [*defines, f"-I{bpf_directory()}", "-Wno-unused-function", "-Wno-unused-variable"]
    try:
        bpf = bcc.BPF(text=_source(map_kind).encode(), cflags=flags)
    except Exception as error:
        raise CompileError(
            f"BCC could not compile the {map_kind} programs ({str(error)[:60]})",
            "see the log (-v), and report it with the output of twtui doctor",
        ) from None
    return _take(bcc.lib, bpf, map_kind, programs)


def _take(lib: Any, bpf: Any, map_kind: MapKind, programs: Sequence[str]) -> Module:
    slots_fd = int(lib.bpf_table_fd(bpf.module, b"slots"))
    btf_id = libbpf.map_info(slots_fd).btf_id
    if not btf_id:
        raise UnsupportedError(
            "BCC made a map without BTF", "use BCC 0.26 or later on a kernel with BTF"
        )
    functions, types = _read_btf(btf_id)
    sections = {}
    for program in programs:
        names = [name for name in functions if name == program or name.startswith(f"{program}_")]
        sections[program] = _section(lib, bpf, program, tuple(functions[name] for name in names))
    # BCC closes its own file descriptor when its object goes
    return Module(map_kind, os.dup(slots_fd), libbpf.btf_fd(btf_id), types, sections)


def _read_btf(btf_id: int) -> tuple[dict[str, int], dict[str, int]]:
    """Functions, in the order of their ids, which is that in memory; and the types maps need."""
    btf = libbpf.btf_load_by_id(btf_id)
    if not btf:
        raise UnsupportedError("the module's BTF cannot be read", "run as root")
    functions, types = {}, {}
    for type_id in range(1, libbpf.btf_type_count(btf)):
        record = ct.string_at(libbpf.btf_type(btf, type_id), 12)
        name_offset, info, _ = struct.unpack("<III", record)
        name = (libbpf.btf_name(btf, name_offset) or b"").decode()
        if (info >> 24) & 31 == _KIND_FUNC:
            functions[name] = type_id
        elif name in _STORAGE_TYPES:
            types[name] = type_id
    libbpf.btf_free(btf)
    return functions, types


def _section(lib: Any, bpf: Any, program: str, function_ids: tuple[int, ...]) -> Section:
    start = lib.bpf_function_start(bpf.module, program.encode())
    size = lib.bpf_function_size(bpf.module, program.encode()) // INSTRUCTION_BYTES

    def read(index: int) -> Instruction:
        return Instruction.unpack(
            ct.string_at(start + index * INSTRUCTION_BYTES, INSTRUCTION_BYTES)
        )

    starts, end = function_starts(read, size, len(function_ids))
    code = ct.string_at(start, end * INSTRUCTION_BYTES)
    return Section(code, tuple(starts), function_ids)
