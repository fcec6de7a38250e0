"""The serialised form of a compiled module: what a compiler's process answers, and what the cache keeps."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

from twtui.kernel.bpf.toolchain import FileId
from twtui.kernel.compiling.compiler import Compiled, Section, SlotsMap
from twtui.kernel.compiling.linker import INSTRUCTION_BYTES
from twtui.model.enums import MapKind


def pack_compiled(compiled: Compiled) -> bytes:
    """As JSON."""
    sections = {
        name: [section.code.hex(), section.starts, section.function_ids]
        for name, section in compiled.sections.items()
    }
    fields = {
        "map_kind": str(compiled.map_kind),
        "slots": astuple(compiled.slots),
        "btf": compiled.btf.hex(),
        "btf_ids": compiled.btf_ids,
        "sections": sections,
        "bcc": compiled.bcc,
        "libraries": compiled.libraries,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def unpack_compiled(data: bytes) -> Compiled:
    """The inverse of ``pack_compiled``.

    Raises:
        ValueError: The bytes are not of that form.
    """
    try:
        fields = json.loads(data)
        slots = SlotsMap(*map(_whole, fields["slots"]))
        sections = {str(name): _section(*parts) for name, parts in fields["sections"].items()}
        return Compiled(
            MapKind(fields["map_kind"]),
            slots,
            bytes.fromhex(fields["btf"]),
            {str(name): _whole(number) for name, number in fields["btf_ids"].items()},
            sections,
            str(fields["bcc"]),
            tuple(_file(*parts) for parts in fields["libraries"]),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a compiled module: {error!r}") from None


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ValueError(f"{value!r} is not a 32-bit number")
    return value


def _file(path: str, *numbers: int) -> FileId:
    inode, size, modified, changed = map(int, numbers)
    return str(path), inode, size, modified, changed


def _section(code: str, starts: list[int], function_ids: list[int]) -> Section:
    instructions = bytes.fromhex(code)
    section = Section(instructions, tuple(map(_whole, starts)), tuple(map(_whole, function_ids)))
    count, rest = divmod(len(instructions), INSTRUCTION_BYTES)
    if rest or len(section.starts) != len(section.function_ids) or section.starts[:1] != (0,):
        raise ValueError("a section does not fit together")
    if any(start >= count for start in section.starts):
        raise ValueError("a function starts behind its section")
    return section
