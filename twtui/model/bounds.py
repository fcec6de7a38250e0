"""Numbers and texts from outside, held within what everything behind can take."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from twtui.harmless import shortened

U32, I64, U64 = 1 << 32, 1 << 63, 1 << 64
"""The first numbers that do not fit."""
MOST_NAME = 1000
"""Characters of a name; a function of C++ can have that many."""
MOST_TEXT = 8192
"""Characters of a message, a trigger, a capture; a path has up to 4096 bytes."""
_MOST_ERRORS = 4096


def whole(value: Any, end: int = U64, low: int = 0) -> int:
    """A whole number from ``low`` up to, and without, ``end``.

    Raises:
        ValueError, TypeError, OverflowError: It is none.
    """
    found = int(value)
    if not low <= found < end:
        raise ValueError(f"a number is not from {low} to {end - 1}")
    return found


def text(value: Any, most: int = MOST_TEXT) -> str:
    """A text; one that is too long loses its end, and shows that."""
    return shortened(str(value), most)


def errors(counts: Mapping[Any, Any]) -> Mapping[str, int]:
    """Counts by the name of an errno.

    Raises:
        ValueError, TypeError, OverflowError, AttributeError: They are none.
    """
    if len(counts) > _MOST_ERRORS:
        raise ValueError(f"{len(counts)} different errors")
    return MappingProxyType({text(name, 40): whole(count) for name, count in counts.items()})
