"""JSON as every parser takes it: ASCII, and no half of a character."""

from __future__ import annotations

import json
import re
from typing import Any

_compact = json.JSONEncoder(separators=(",", ":")).encode
_indented = json.JSONEncoder(indent=2).encode
_ESCAPE = re.compile(
    r"""\\(?:
        u(?:d[89ab][0-9a-f]{2})\\u(?:d[c-f][0-9a-f]{2})  # both halves of one character
      | u(?P<half>d[89a-f][0-9a-f]{2})
      | .
    )""",
    re.VERBOSE,
)


def compact(value: Any) -> str:
    """One line."""
    return _whole(_compact(value))


def indented(value: Any) -> str:
    """For people, too; ends with a line end."""
    return _whole(_indented(value)) + "\n"


def _whole(text: str) -> str:
    r"""Lone surrogates stand for bytes that were not UTF-8; strict parsers refuse them, so they become ``\xff``."""
    return _ESCAPE.sub(_written_out, text) if "\\ud" in text else text


def _written_out(found: re.Match[str]) -> str:
    half = found["half"]
    if half is None:
        return found[0]
    code = int(half, 16)
    return f"\\\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\\\u{half}"
