"""What the running kernel's BTF says: which kfuncs there are, in which variant, and where members lie."""

from __future__ import annotations

import ctypes as ct
import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from twtui.errors import UnsupportedError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.placeholders import KFUNCS

_KIND_STRUCT, _KIND_ENUM, _KIND_TYPEDEF, _KIND_FUNC, _KIND_DECL_TAG = 4, 6, 8, 12, 17
_KFUNC_TAG = b"\0bpf_kfunc\0"
_HEADER = struct.Struct("<4x5I")
"""Bytes of the header, then offset behind it and bytes of the types and of the texts."""
SCHEDULE = (KFUNCS[1], KFUNCS[2])
_PARAMETERS = {"plain": 4, "_impl": 5}


@dataclass(frozen=True, slots=True)
class Kfuncs:
    """The kfuncs of the running kernel."""

    variant: str
    """``plain`` (Linux 7.0 and later, 4 parameters) or ``_impl`` (6.18 and 6.19, 5 parameters)."""
    ids: dict[int, int]
    """Number in ``placeholders.KFUNCS`` to BTF id in vmlinux."""


class KernelBtf:
    """The kernel's BTF, loaded once (about 12 ms)."""

    def __init__(self, data: bytes | None = None) -> None:
        """Take the running kernel's BTF, or another kernel's from its bytes.

        Raises:
            UnsupportedError: There is none, or it cannot be read.
        """
        self._btf = libbpf.btf_load_vmlinux() if data is None else libbpf.btf_parse(data, len(data))
        if not self._btf:
            raise UnsupportedError(
                "the kernel has no BTF", "run a kernel built with CONFIG_DEBUG_INFO_BTF=y"
            )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all of it, hexadecimal: the identity of the kernel's types (4 ms)."""
        return hashlib.sha256(libbpf.btf_bytes(self._btf)).hexdigest()

    def function_id(self, name: str) -> int:
        """The BTF id of a function, or 0."""
        return max(0, int(libbpf.btf_find(self._btf, name.encode(), _KIND_FUNC)))

    def typedef_id(self, name: str) -> int:
        """The BTF id of a typedef, or 0."""
        return max(0, int(libbpf.btf_find(self._btf, name.encode(), _KIND_TYPEDEF)))

    def parameters(self, name: str) -> int:
        """How many parameters a function has; -1 where there is no such function."""
        function = self.function_id(name)
        if not function:
            return -1
        _, prototype = self._type(function)
        info, _ = self._type(prototype)
        return info & 0xFFFF

    def is_kfunc(self, name: str) -> bool | None:
        """Whether a function is tagged as one that programs may call.

        None where nothing is: a pahole before 1.26 did not write the tags.
        """
        return self.function_id(name) in self._kfunc_ids if self._kfunc_ids else None

    @cached_property
    def _kfunc_ids(self) -> frozenset[int]:
        """Every function with the tag, found in the bytes: a walk over all types takes far longer."""
        data = libbpf.btf_bytes(self._btf)
        header_bytes, *_, texts, texts_bytes = _HEADER.unpack_from(data)
        texts += header_bytes
        text = bytes(data[texts : texts + texts_bytes]).find(_KFUNC_TAG) + 1
        if not text:
            return frozenset()
        tag = re.escape(struct.pack("<II", text, _KIND_DECL_TAG << 24)) + b"(.{4})" + b"\xff" * 4
        found = re.finditer(tag, data[header_bytes:texts], re.DOTALL)
        return frozenset(
            struct.unpack("<I", match[1])[0] for match in found if match.start() % 4 == 0
        )

    def enumerator(self, enum: str, name: str) -> int | None:
        """The value of a name in an enum; None where there is no such enum or name."""
        return self.enumerators(enum).get(name)

    def enumerators(self, enum: str) -> dict[str, int]:
        """Every name in an enum with its value; empty where there is no such enum."""
        type_id = libbpf.btf_find(self._btf, enum.encode(), _KIND_ENUM)
        records = self._records(type_id, 4) if type_id > 0 else ()
        return {text.decode(): value for text, (value,) in records}

    def struct_member(self, struct_name: str, member: str) -> tuple[int, int] | None:
        """The id of a struct and the index of a member; None where there is none."""
        type_id = int(libbpf.btf_find(self._btf, struct_name.encode(), _KIND_STRUCT))
        for index, (text, _) in enumerate(self._records(type_id, 8) if type_id > 0 else ()):
            if text == member.encode():
                return type_id, index
        return None

    def _records(self, type_id: int, rest_bytes: int) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """The members of a struct or enum: name, and the words behind it."""
        info, _ = self._type(type_id)
        words, size = struct.Struct(f"<{1 + rest_bytes // 4}I"), 4 + rest_bytes
        data = ct.string_at(self._at(type_id) + 12, size * (info & 0xFFFF))
        for name, *rest in words.iter_unpack(data):
            yield libbpf.btf_name(self._btf, name), tuple(rest)

    def _type(self, type_id: int) -> tuple[int, int]:
        _, info, size_or_type = struct.unpack("<III", ct.string_at(self._at(type_id), 12))
        return info, size_or_type

    def _at(self, type_id: int) -> int:
        if not (place := libbpf.btf_type(self._btf, type_id)):
            raise UnsupportedError(
                f"the kernel's BTF has no type {type_id}", "report this with the kernel's version"
            )
        return int(place)

    def member_offset(self, struct_name: str, member: str) -> int:
        """Bytes from the start of a struct to a member; anonymous structs are searched too.

        Raises:
            UnsupportedError: There is no such struct or member.
        """
        type_id = libbpf.btf_find(self._btf, struct_name.encode(), _KIND_STRUCT)
        bits = self._find_member(type_id, member.encode()) if type_id > 0 else None
        if bits is None:
            raise UnsupportedError(
                f"the kernel's BTF has no {struct_name}.{member}",
                "report this with the kernel's version",
            )
        return bits // 8

    def _find_member(self, type_id: int, member: bytes) -> int | None:
        info, _ = self._type(type_id)
        for text, (inner, place) in self._records(type_id, 8):
            bits = place & 0xFFFFFF if info >> 31 else place
            if text == member:
                return bits
            if not text and (deeper := self._find_member(inner, member)) is not None:
                return bits + deeper
        return None


@cache
def kernel_btf() -> KernelBtf:
    """The kernel's BTF.

    Raises:
        UnsupportedError: The kernel has none.
    """
    return KernelBtf()


def find_kfuncs(btf: KernelBtf) -> Kfuncs:
    """The kfuncs by number, and their variant; read from BTF, as a release string proves nothing.

    The plain name wins: from 7.0 on ``_impl`` is still in BTF but cannot be called.

    Raises:
        UnsupportedError: The kernel has no task work, or a prototype is not what is known.
    """
    variant = "plain" if any(btf.function_id(name) for name in SCHEDULE) else "_impl"
    suffix = "" if variant == "plain" else variant
    ids = {}
    for number, name in KFUNCS.items():
        full = name + suffix if name in SCHEDULE else name
        ids[number] = btf.function_id(full)
        if not ids[number]:
            raise UnsupportedError(
                f"this kernel has no {name}: no BPF task work", "Linux 6.18 or later is needed"
            )
        if name in SCHEDULE:
            _check_prototype(btf, full, _PARAMETERS[variant])
    return Kfuncs(variant, ids)


def _check_prototype(btf: KernelBtf, name: str, wanted: int) -> None:
    found = btf.parameters(name)
    if btf.is_kfunc(name) is False:
        raise UnsupportedError(
            f"this kernel has {name}, but not for programs to call",
            "its BTF is malformed: build the kernel with pahole 1.27 or later",
        )
    if found != wanted:
        raise UnsupportedError(
            f"this kernel's {name} takes {found} parameters, not {wanted}",
            "its BTF is malformed (6.18-rc, or a pahole before 1.27), or newer than twtui: "
            "report it with the kernel's version",
        )
