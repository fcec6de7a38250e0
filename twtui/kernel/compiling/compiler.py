"""Compiles a map kind's programs with BCC and takes what it made: machine code, BTF, the shape of the slots map."""

from __future__ import annotations

import ctypes as ct
import os
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twtui.errors import CompileError, UnsupportedError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.own_btf import read_own_btf
from twtui.kernel.bpf.toolchain import INSTALL_HINT, FileId, mapped_libraries
from twtui.kernel.compiling.linker import INSTRUCTION_BYTES, Instruction, function_starts
from twtui.kernel.compiling.source import bpf_directory
from twtui.model.enums import MapKind

_KIND_FUNC = 12
_STORAGE_TYPES = ("int", "tw_buffer", "tw_entries", "tw_calls")
_HEADERS_VARIABLE = "BCC_KERNEL_SOURCE"


@dataclass(frozen=True, slots=True)
class Section:
    """One program with its functions, not linked yet."""

    code: bytes
    starts: tuple[int, ...]
    """First instruction of each function, the program first."""
    function_ids: tuple[int, ...]
    """Their ids in the module's BTF."""


@dataclass(frozen=True, slots=True)
class SlotsMap:
    """How the map with the slots is made."""

    kind: int
    key_bytes: int
    value_bytes: int
    entries: int
    flags: int
    key_type: int
    """Ids of its types in the module's BTF."""
    value_type: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """What BCC made of one map kind: bytes and numbers, nothing in the kernel."""

    map_kind: MapKind
    slots: SlotsMap
    btf: bytes
    btf_ids: dict[str, int]
    """Types by name that task storage needs: its values and its key."""
    sections: dict[str, Section]
    bcc: str
    """The version of BCC."""
    libraries: tuple[FileId, ...]
    """What BCC consisted of; empty when that changed just then."""


def import_bcc() -> Any:
    """BCC's module.

    Raises:
        UnsupportedError: It is not installed for this Python, or is something else.
    """
    os.environ[_HEADERS_VARIABLE] = str(bpf_directory() / "include")
    try:
        with warnings.catch_warnings():
            # of BCC's own: its structures are laid out in a way that Python 3.14 deprecates
            warnings.simplefilter("ignore")
            import bcc
    except Exception as error:
        raise UnsupportedError(f"BCC is not there: {error}", INSTALL_HINT) from None
    if not hasattr(bcc, "BPF"):
        raise UnsupportedError("the bcc that is installed is not BCC", INSTALL_HINT)
    return bcc


def sources_of(map_kind: MapKind) -> tuple[Path, ...]:
    """The files that make up the programs of a map kind, compiled as one text."""
    return bpf_directory() / f"{map_kind}.c", bpf_directory() / "programs.c"


def compile_module(
    map_kind: MapKind, defines: Sequence[str], programs: Sequence[str], sources: Sequence[Path] = ()
) -> Compiled:
    """Compile the programs of one map kind; 0.5 to 1 s.

    Args:
        map_kind: Which.
        defines: Compiler flags of the form ``-DNAME=VALUE``.
        programs: Names of the programs to take.
        sources: Other files than those of the map kind.

    Raises:
        CompileError: The compiler refused; its words are on standard error.
        UnsupportedError: BCC is not there.
    """
    bcc = import_bcc()
    flags = [*defines, f"-I{bpf_directory()}", "-Wno-unused-function", "-Wno-unused-variable"]
    parts = sources or sources_of(map_kind)
    text = "\n".join(f'#line 1 "{part.name}"\n{part.read_text()}' for part in parts)
    try:
        bpf = bcc.BPF(text=text.encode(), cflags=flags)
    except Exception as error:
        raise CompileError(
            f"BCC could not compile the {map_kind} programs ({str(error)[:60]})",
            "see the log (-v), and report it with the output of twtui doctor",
        ) from None
    return _take(bcc, bpf, map_kind, programs)


def _take(bcc: Any, bpf: Any, map_kind: MapKind, programs: Sequence[str]) -> Compiled:
    info = libbpf.map_info(int(bcc.lib.bpf_table_fd(bpf.module, b"slots")))
    if not info.btf_id:
        raise UnsupportedError(
            "BCC made a map without BTF", "use BCC 0.26 or later on a kernel with BTF"
        )
    try:
        data = read_own_btf(info.btf_id)
    except OSError as error:
        raise UnsupportedError(
            f"the module's BTF cannot be read: {error.strerror or error}",
            "report it with the output of twtui doctor",
        ) from None
    btf = libbpf.btf_parse(data, len(data))
    functions, types = _read_btf(btf)
    libbpf.btf_free(btf)
    sections = {}
    for program in programs:
        names = [name for name in functions if name == program or name.startswith(f"{program}_")]
        ids = tuple(functions[name] for name in names)
        sections[program] = _section(bcc.lib, bpf, program, ids)
    slots = SlotsMap(
        info.type, info.key_size, info.value_size, info.max_entries, info.map_flags,
        info.btf_key_type, info.btf_value_type,
    )  # fmt: skip
    version = str(getattr(bcc, "__version__", "unknown"))
    return Compiled(map_kind, slots, data, types, sections, version, tuple(mapped_libraries()))


def _read_btf(btf: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Functions, in the order of their ids, which is that in memory; and the types maps need."""
    functions, types = {}, {}
    for type_id in range(1, libbpf.btf_type_count(btf)):
        record = ct.string_at(libbpf.btf_type(btf, type_id), 12)
        name_offset, info, _ = struct.unpack("<III", record)
        name = (libbpf.btf_name(btf, name_offset) or b"").decode()
        if (info >> 24) & 31 == _KIND_FUNC:
            functions[name] = type_id
        elif name in _STORAGE_TYPES:
            types[name] = type_id
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
