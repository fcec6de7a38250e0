"""What the running kernel's BTF says: which kfuncs there are, in which variant, and where members lie."""

from __future__ import annotations

import ctypes as ct
import hashlib
import struct
from dataclasses import dataclass
from functools import cache, cached_property

from twtui.errors import UnsupportedError
from twtui.kernel import libbpf
from twtui.kernel.placeholders import KFUNCS

_KIND_STRUCT, _KIND_FUNC = 4, 12
_SCHEDULE = (KFUNCS[1], KFUNCS[2])
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

    def __init__(self) -> None:
        self._btf = libbpf.btf_load_vmlinux()
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

    def parameters(self, name: str) -> int:
        """How many parameters a function has; -1 where there is no such function."""
        function = self.function_id(name)
        if not function:
            return -1
        _, prototype = self._type(function)
        info, _ = self._type(prototype)
        return info & 0xFFFF

    def _type(self, type_id: int) -> tuple[int, int]:
        _, info, size_or_type = struct.unpack("<III", ct.string_at(self._at(type_id), 12))
        return info, size_or_type

    def _at(self, type_id: int) -> int:
        return int(libbpf.btf_type(self._btf, type_id))

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
        for index in range(info & 0xFFFF):
            record = ct.string_at(self._at(type_id) + 12 + 12 * index, 12)
            name: int
            inner: int
            place: int
            name, inner, place = struct.unpack("<III", record)
            bits = place & 0xFFFFFF if info >> 31 else place
            text = libbpf.btf_name(self._btf, name)
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
    variant = "plain" if btf.function_id(_SCHEDULE[0]) else "_impl"
    suffix = "" if variant == "plain" else variant
    ids = {}
    for number, name in KFUNCS.items():
        full = name + suffix if name in _SCHEDULE else name
        ids[number] = btf.function_id(full)
        if not ids[number]:
            raise UnsupportedError(
                f"this kernel has no {name}: no BPF task work", "Linux 6.18 or later is needed"
            )
        if name in _SCHEDULE and btf.parameters(full) != _PARAMETERS[variant]:
            raise UnsupportedError(
                f"this kernel's {full} takes {btf.parameters(full)} parameters, "
                f"not {_PARAMETERS[variant]}",
                "its BTF is malformed or newer than twtui; report it with the kernel's version",
            )
    return Kfuncs(variant, ids)
