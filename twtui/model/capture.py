"""Captures: what a callback reads, parsed from an expression into a base, dereferences and a final read.

CAPTURE  = none | stack | python | str(ADDRESS) | bytes(ADDRESS, LENGTH) | NUMBER(ADDRESS)
         | ADDRESS             (the value itself: arg3, ret, sp, *(arg1+8))
NUMBER   = u8 | u16 | u32 | u64 | i8 | i16 | i32 | i64 | ptr
ADDRESS  = TERM (("+" | "-") INTEGER)*
TERM     = "*" TERM | "(" ADDRESS ")" | BASE
BASE     = INTEGER | arg1..arg6 | ret | ip | sp | a register | sym:NAME | entry.BASE
         | sym:@arg_start | sym:@env_start
LENGTH   = INTEGER | arg1..arg6 | ret | a register | sym:@arg_length | sym:@env_length
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from twtui.errors import UsageError
from twtui.model.capture_words import Words
from twtui.model.registers import ARCHITECTURES

MAX_DEREFERENCES = 4
MAX_DATA_BYTES = 4096
_ARGUMENT = re.compile(r"arg[1-6]")
_REGISTER_NAMES = frozenset(name for table in ARCHITECTURES.values() for name in table.index)


class Read(StrEnum):
    """The final read."""

    NONE = "none"
    STACK = "stack"
    PYTHON = "python"
    STRING = "str"
    BYTES = "bytes"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    POINTER = "ptr"
    VALUE = "value"
    """The address itself, as a signed number; it has no word, the address is the expression."""


NUMBER_BYTES = {
    Read.U8: 1, Read.U16: 2, Read.U32: 4, Read.U64: 8,
    Read.I8: 1, Read.I16: 2, Read.I32: 4, Read.I64: 8,
    Read.POINTER: 8, Read.VALUE: 8,
}  # fmt: skip
"""Reads that yield a number, with its size in bytes."""
_SIGNED = frozenset((Read.I8, Read.I16, Read.I32, Read.I64, Read.VALUE))
WHOLE = (Read.NONE, Read.STACK, Read.PYTHON)
"""Reads that take no address: what they read is found without one."""
PYTHON_RUNTIME = "_PyRuntime"
"""The variable from which all that a CPython runs can be reached."""


_WORDS = tuple(read for read in Read if read is not Read.VALUE)


class BaseKind(StrEnum):
    """Where an address or a length starts."""

    CONSTANT = "constant"
    REGISTER = "register"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Base:
    """A constant, a register or argument by name, or a symbol of the target."""

    kind: BaseKind
    value: int = 0
    name: str = ""
    at_entry: bool = False
    """Saved at the entry of the function whose return triggers."""

    def __str__(self) -> str:
        if self.kind is BaseKind.CONSTANT:
            return hex(self.value) if self.value > 9 else str(self.value)
        text = f"sym:{self.name}" if self.kind is BaseKind.SYMBOL else self.name
        return f"entry.{text}" if self.at_entry else text


def _is_base(word: str) -> bool:
    name = word.removeprefix("entry.")
    return name in _REGISTER_NAMES or name.startswith("arg")


_NOTHING = Base(BaseKind.CONSTANT)


@dataclass(frozen=True, slots=True)
class Capture:
    """One parsed expression. ``str()`` gives its one canonical text, which parses to an equal value."""

    read: Read
    base: Base = _NOTHING
    offsets: tuple[int, ...] = (0,)
    """Added before each dereference and, the last one, before the final read; bytes."""
    length: Base = _NOTHING
    """For ``bytes``: how many."""

    @property
    def dereferences(self) -> int:
        """Pointers followed before the final read."""
        return len(self.offsets) - 1

    def __str__(self) -> str:
        if self.read in WHOLE:
            return str(self.read)
        address = str(self.base)
        for level, offset in enumerate(self.offsets):
            if level:
                address = f"*({address})" if self.offsets[level - 1] else f"*{address}"
            if offset:
                address += f"{'+' if offset > 0 else '-'}{abs(offset)}"
        if self.read is Read.VALUE:
            return address
        if self.read is Read.BYTES:
            length = (
                str(self.length.value) if self.length.kind is BaseKind.CONSTANT else self.length
            )
            return f"bytes({address}, {length})"
        return f"{self.read}({address})"


@dataclass(frozen=True, slots=True)
class _Address:
    base: Base
    offsets: tuple[int, ...]


class _Parser(Words):
    """Recursive descent over one expression, a method per rule of the module's grammar."""

    depth = 0

    def capture(self) -> Capture:
        self.skip_space()
        start = self.at
        name = self.take("word")
        if name not in _WORDS:
            self.at = start
            return self.value(name)
        read = Read(name)
        if read in WHOLE:
            base = Base(BaseKind.SYMBOL, name=PYTHON_RUNTIME) if read is Read.PYTHON else _NOTHING
            return self.end(Capture(read, base))
        self.expect("(")
        address = self.address()
        length = _NOTHING
        if read is Read.BYTES:
            self.expect(",")
            length = self.length()
        self.expect(")")
        return self.end(Capture(read, address.base, address.offsets, length))

    def value(self, word: str | None) -> Capture:
        if word is not None and not _is_base(word):
            raise self.error(f"one of {', '.join(_WORDS)}, a register or arg1 to arg6 expected")
        address = self.address()
        return self.end(Capture(Read.VALUE, address.base, address.offsets))

    def end(self, capture: Capture) -> Capture:
        self.skip_space()
        if self.at < len(self.text):
            raise self.error("nothing more expected")
        return capture

    def address(self) -> _Address:
        address = self.term()
        while sign := self.take_sign("+-"):
            self.skip_space()
            start = self.at
            number = self.number()
            if number is None:
                raise self.error("a number expected", start)
            offset = address.offsets[-1] + (number if sign == "+" else -number)
            if not -(2**63) <= offset < 2**63:
                raise self.error("the offset does not fit 64 bits", start)
            address = replace(address, offsets=(*address.offsets[:-1], offset))
        return address

    def term(self) -> _Address:
        self.skip_space()
        start = self.at
        self.depth += 1
        if self.depth > 32:
            raise self.error("nested too deeply", start)
        try:
            if self.take_sign("*"):
                inner = self.term()
                if len(inner.offsets) > MAX_DEREFERENCES:
                    raise self.error(f"at most {MAX_DEREFERENCES} dereferences", start)
                return replace(inner, offsets=(*inner.offsets, 0))
            if self.take_sign("("):
                inner = self.address()
                self.expect(")")
                return inner
            return _Address(self.base(), (0,))
        finally:
            self.depth -= 1

    def base(self) -> Base:
        self.skip_space()
        start = self.at
        number = self.number()
        if number is not None:
            if number >= 2**64:
                raise self.error("the number does not fit 64 bits", start)
            return Base(BaseKind.CONSTANT, number)
        if symbol := self.take("symbol"):
            return Base(BaseKind.SYMBOL, name=symbol.removeprefix("sym:"))
        word = self.take("word") or ""
        name = word.removeprefix("entry.")
        if _ARGUMENT.fullmatch(name) or name in _REGISTER_NAMES:
            return Base(BaseKind.REGISTER, name=name, at_entry=name != word)
        if name.startswith("arg"):
            raise self.error("arguments are arg1 to arg6", start)
        raise self.error("a number, a register, arg1 to arg6, ret or sym:NAME expected", start)

    def length(self) -> Base:
        self.skip_space()
        start = self.at
        length = self.base()
        if length.kind is BaseKind.SYMBOL and not length.name.startswith("@"):
            raise self.error("a length is a number or a register", start)
        if length.kind is BaseKind.CONSTANT and not 1 <= length.value <= MAX_DATA_BYTES:
            raise self.error(f"a length is 1 to {MAX_DATA_BYTES}", start)
        return length


@lru_cache(maxsize=512)
def read_of(text: str) -> Read:
    """The final read of a capture, from its text; NONE for a text that is none."""
    try:
        return parse_capture(text).read
    except UsageError:
        return Read.NONE


def decode_number(read: Read, data: bytes) -> int | None:
    """The value of a capture that yields a number, little endian as the machine has it; else None."""
    if NUMBER_BYTES.get(read) != len(data):
        return None
    return int.from_bytes(data, "little", signed=read in _SIGNED)


def parse_capture(text: str) -> Capture:
    """Parse one capture expression.

    Raises:
        CaptureError: With the position, for anything outside the grammar.
    """
    return _Parser(text).capture()
