"""Writes BTF: the types that a program or map brings along, where no compiler has made them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_MAGIC, _VERSION = 0xEB9F, 1
_HEADER = struct.Struct("<HBBIIIII")
_WORD = struct.Struct("<I")
_INT, _PTR, _STRUCT, _ENUM, _FUNC, _FUNC_PROTO, _DECL_TAG = 1, 2, 4, 6, 12, 13, 17
_SIGNED = 1
STATIC, GLOBAL = 0, 1
"""Linkage of a function (``enum btf_func_linkage``)."""
VOID = 0
"""The id that stands for no type."""

Named = tuple[str, int]
"""A name, and the id of its type or its value."""


class BtfWriter:
    """Types by id, from 1, in the order in which they were added (Documentation/bpf/btf.rst)."""

    def __init__(self) -> None:
        self._texts = bytearray(b"\0")
        self._offsets = {"": 0}
        self._types: list[bytes] = []

    def integer(self, name: str, size_bytes: int, signed: bool = False) -> int:
        """An integer type."""
        encoding = (_SIGNED if signed else 0) << 24 | size_bytes * 8
        return self._add(name, _INT, 0, size_bytes, _WORD.pack(encoding))

    def pointer(self, target: int) -> int:
        """A pointer to a type."""
        return self._add("", _PTR, 0, target)

    def structure(self, name: str, size_bytes: int, members: Sequence[tuple[str, int, int]]) -> int:
        """A struct; each member is its name, type and offset in bytes."""
        records = (self._named((text, kind)) + _WORD.pack(at * 8) for text, kind, at in members)
        return self._add(name, _STRUCT, len(members), size_bytes, b"".join(records))

    def enumeration(self, name: str, values: Sequence[Named]) -> int:
        """An enum of 32 bits."""
        return self._add(name, _ENUM, len(values), 4, b"".join(map(self._named, values)))

    def function(
        self, name: str, result: int, parameters: Sequence[Named], linkage: int = STATIC
    ) -> int:
        """A function with its prototype."""
        records = b"".join(map(self._named, parameters))
        prototype = self._add("", _FUNC_PROTO, len(parameters), result, records)
        return self._add(name, _FUNC, linkage, prototype)

    def tag(self, text: str, target: int) -> int:
        """A declaration tag on a type as a whole."""
        return self._add(text, _DECL_TAG, 0, target, struct.pack("<i", -1))

    def data(self) -> bytes:
        """All of it, in the byte order of the machines that twtui runs on."""
        types = b"".join(self._types)
        sections = (0, len(types), len(types), len(self._texts))
        header = _HEADER.pack(_MAGIC, _VERSION, 0, _HEADER.size, *sections)
        return header + types + bytes(self._texts)

    def _add(self, name: str, kind: int, count: int, size_or_type: int, rest: bytes = b"") -> int:
        words = (self._text(name), kind << 24 | count, size_or_type)
        self._types.append(struct.pack("<III", *words) + rest)
        return len(self._types)

    def _named(self, named: Named) -> bytes:
        return struct.pack("<II", self._text(named[0]), named[1])

    def _text(self, text: str) -> int:
        if text not in self._offsets:
            self._offsets[text] = len(self._texts)
            self._texts += text.encode() + b"\0"
        return self._offsets[text]
