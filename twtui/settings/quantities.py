"""What stands behind a flag, read strictly: durations, sizes, factors, numbers and PIDs."""

from __future__ import annotations

import re

from twtui.errors import UsageError

_DURATION_S = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([a-z]*)")


def duration_ns(text: str) -> int:
    """``10s``, ``500ms``, ``2m`` or bare seconds, in ns.

    Raises:
        UsageError: Not a positive duration.
    """
    found = _QUANTITY.fullmatch(text.strip().lower())
    if not found or found[2] not in _DURATION_S:
        raise UsageError(f"bad duration {text!r}", "write 10s, 500ms, 2m or bare seconds")
    nanoseconds = round(float(found[1]) * _DURATION_S[found[2]] * 1e9)
    if nanoseconds <= 0:
        raise UsageError(f"bad duration {text!r}", "it must be longer than 0")
    return nanoseconds


def factor(text: str) -> float:
    """``2``, ``0.5``: a positive number.

    Raises:
        UsageError: Not one.
    """
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text.strip()) or not float(text):
        raise UsageError(f"bad factor {text!r}", "write 0.5, 2 or 10")
    return float(text)


def size_bytes(text: str) -> int:
    """``8m``, ``64k``, ``1g`` or bare bytes.

    Raises:
        UsageError: Not a size.
    """
    found = _QUANTITY.fullmatch(text.strip().lower())
    unit = found[2].removesuffix("ib").removesuffix("b") if found else "?"
    if not found or unit not in _SIZE_BYTES:
        raise UsageError(f"bad size {text!r}", "write 8m, 64k, 1g or bare bytes")
    return int(float(found[1]) * _SIZE_BYTES[unit])


def whole_number(text: str) -> int:
    """A whole number from 1.

    Raises:
        UsageError: Anything else.
    """
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,12}", digits) or not int(digits):
        raise UsageError(f"bad number {text!r}", "write a whole number from 1")
    return int(digits)


def pids(text: str) -> list[int]:
    """One or more PIDs with commas between them.

    Raises:
        UsageError: Something else.
    """
    found = []
    for part in map(str.strip, text.split(",")):
        if not re.fullmatch(r"[0-9]{1,10}", part) or not 0 < int(part) < 1 << 31:
            raise UsageError(f"bad PID {part!r}", "write -p 4242 or -p 4242,4243")
        found.append(int(part))
    return found
