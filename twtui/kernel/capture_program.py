"""Turns a capture into the form that bpf/capture.h runs: registers by index, lengths capped."""

from __future__ import annotations

import platform

from twtui.errors import UnsupportedError, UsageError
from twtui.model.capture import NUMBER_BYTES, Base, BaseKind, Capture, Read
from twtui.model.plan import Watch
from twtui.model.registers import ARCHITECTURES, Registers
from twtui.wire import CAPTURE

_CONSTANT, _REGISTER = 0, 1
_NONE, _STRING, _BYTES = 0, 1, 2


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


def _place(base: Base, watch: Watch, table: Registers) -> tuple[int, int]:
    """Kind and value of a base or a length."""
    match base.kind:
        case BaseKind.CONSTANT:
            return _CONSTANT, base.value
        case BaseKind.SYMBOL:
            raise UsageError(f"the symbol {base.name!r} cannot be resolved", "give its address")
    if base.at_entry:
        raise UsageError(
            f"{base} is only known at the return of a function", "use it with uretprobe:"
        )
    try:
        if base.name.startswith("arg"):
            return _REGISTER, table.argument(int(base.name[3:]), watch.trigger.of_syscall)
        return _REGISTER, table.index[base.name]
    except LookupError:
        raise UsageError(
            f"this machine has no register {base.name}", f"it has {', '.join(table.index)}"
        ) from None


def pack_capture(watch: Watch) -> bytes:
    """``struct tw_capture`` of a watch.

    Raises:
        UsageError: A register or symbol that is not there.
    """
    capture: Capture = watch.capture
    if capture.read is Read.STACK:
        raise UsageError("stack is not captured yet", "use bytes(sp, 64)")
    if capture.read is Read.NONE:
        return CAPTURE.pack(0, 0, 0, 0, 0, 0, 0, _CONSTANT, _CONSTANT, 0, _NONE)
    table = registers()
    base_kind, base = _place(capture.base, watch, table)
    read, length_kind, length = _BYTES, _CONSTANT, 0
    if capture.read is Read.STRING:
        read = _STRING
    elif capture.read is Read.BYTES:
        length_kind, length = _place(capture.length, watch, table)
    else:
        length = NUMBER_BYTES[capture.read]
    offsets = capture.offsets + (0,) * (5 - len(capture.offsets))
    return CAPTURE.pack(base, length, *offsets, base_kind, length_kind, capture.dereferences, read)
