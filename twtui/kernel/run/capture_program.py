"""Turns a capture into the form that bpf/capture.h runs: registers and symbols by index."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from twtui.errors import UnsupportedError, UsageError
from twtui.model.capture import NUMBER_BYTES, Base, BaseKind, Read
from twtui.model.plan import Plan, Watch
from twtui.model.registers import ARCHITECTURES, Registers
from twtui.model.trigger import TriggerKind
from twtui.wire.layout import CAPTURE

MAX_SYMBOLS = 4
_CONSTANT, _REGISTER, _SYMBOL, _ENTRY = 0, 1, 2, 3
_NONE, _STRING, _BYTES, _STACK, _PYTHON, _VALUE = 0, 1, 2, 3, 4, 5


def registers() -> Registers:
    """The registers of the machine we run on.

    Raises:
        UnsupportedError: There is no table for it.
    """
    table = ARCHITECTURES.get(platform.machine())
    if table is None:
        raise UnsupportedError(
            f"no register table for {platform.machine()}", f"twtui knows {', '.join(ARCHITECTURES)}"
        )
    return table


def plan_symbols(plan: Plan) -> tuple[str, ...]:
    """The symbols that a plan's captures start from, each once.

    Raises:
        UsageError: More than a target has room for.
    """
    captures = [watch.capture for watch in plan.watches]
    bases = [base for capture in captures for base in (capture.base, capture.length)]
    names = dict.fromkeys(base.name for base in bases if base.kind is BaseKind.SYMBOL)
    if len(names) > MAX_SYMBOLS:
        raise UsageError(f"{len(names)} symbols", f"captures may name {MAX_SYMBOLS} in one run")
    return tuple(names)


def needs_entry(watch: Watch) -> bool:
    """The capture uses what was passed at the entry of the function that returns."""
    return watch.capture.base.at_entry or watch.capture.length.at_entry


def _entry_argument(base: Base, watch: Watch) -> tuple[int, int]:
    if watch.trigger.kind is not TriggerKind.URETPROBE:
        raise UsageError(
            f"{base} is only known at the return of a function", "use it with uretprobe:"
        )
    if not base.name.startswith("arg"):
        raise UsageError(f"{base} is not kept from the entry", "entry.arg1 to entry.arg6 are")
    return _ENTRY, int(base.name[3:]) - 1


def _place(base: Base, watch: Watch, symbols: Sequence[str], table: Registers) -> tuple[int, int]:
    """Kind and value of a base or a length."""
    if base.at_entry:
        return _entry_argument(base, watch)
    match base.kind:
        case BaseKind.CONSTANT:
            return _CONSTANT, base.value
        case BaseKind.SYMBOL:
            return _SYMBOL, symbols.index(base.name)
    try:
        if base.name.startswith("arg"):
            return _REGISTER, table.argument(int(base.name[3:]), watch.trigger.of_syscall)
        return _REGISTER, table.index[base.name]
    except LookupError:
        raise UsageError(
            f"this machine has no register {base.name}", f"it has {', '.join(table.index)}"
        ) from None


def pack_capture(watch: Watch, symbols: Sequence[str]) -> bytes:
    """``struct tw_capture`` of a watch; ``symbols`` are those of ``plan_symbols``.

    Raises:
        UsageError: A register that is not there, or an argument that is not known any more.
    """
    capture = watch.capture
    if capture.read in (Read.NONE, Read.STACK):
        read = _STACK if capture.read is Read.STACK else _NONE
        return CAPTURE.pack(0, 0, 0, 0, 0, 0, 0, _CONSTANT, _CONSTANT, 0, read)
    if capture.read is Read.PYTHON:
        index = symbols.index(capture.base.name)
        return CAPTURE.pack(index, 0, 0, 0, 0, 0, 0, _SYMBOL, _CONSTANT, 0, _PYTHON)
    table = registers()
    base_kind, base = _place(capture.base, watch, symbols, table)
    read, length_kind, length = _BYTES, _CONSTANT, 0
    if capture.read is Read.STRING:
        read = _STRING
    elif capture.read is Read.VALUE:
        read = _VALUE
    elif capture.read is Read.BYTES:
        length_kind, length = _place(capture.length, watch, symbols, table)
    else:
        length = NUMBER_BYTES[capture.read]
    offsets = capture.offsets + (0,) * (5 - len(capture.offsets))
    return CAPTURE.pack(base, length, *offsets, base_kind, length_kind, capture.dereferences, read)
