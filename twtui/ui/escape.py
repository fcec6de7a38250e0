"""Bytes of other processes as text for a terminal: harmless, one to one, and of a known width."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

from twtui.harmless import quoted

_TOKEN = re.compile(r"\\x..|\\u.{4}|\\U.{8}|\\.|.", re.DOTALL)
ROW_BYTES = 16
"""Bytes in a row of a hexdump."""


def _character_end(data: bytes, limit: int) -> int:
    """The end of the last whole UTF-8 character before ``limit``."""
    for back in range(1, 4):
        byte = data[limit - back] if back <= limit else 0
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return limit - back if length > back else limit
    return limit


def escape_bytes(data: bytes, limit: int | None = None) -> str:
    r"""Bytes as text, one to one readable: UTF-8 stays, all else is ``\n`` or ``\x1b``.

    Args:
        data: Bytes of another process.
        limit: Read only this many of them; a character cut there is left out.
    """
    if limit is not None and len(data) > limit:
        data = data[: _character_end(data, limit)]
    return quoted(data.decode("utf-8", "surrogateescape"))


def fold(escaped: str, width: int) -> Iterator[str]:
    """Lines of at most ``width`` cells, never broken inside an escape."""
    line, room = "", width
    for token in _TOKEN.findall(escaped):
        cells = cell_len(token)
        if cells > room and line:
            yield line
            line, room = "", width
        line += token
        room -= cells
    if line:
        yield line


def hexdump(data: bytes, start: int = 0) -> Iterator[tuple[str, str, str]]:
    """Rows of address, hexadecimal in two groups of eight, and text with dots for the rest."""
    for offset in range(0, len(data), ROW_BYTES):
        row = data[offset : offset + ROW_BYTES]
        halves = (row[:8].hex(" "), row[8:].hex(" "))
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
        yield f"{start + offset:04x}", f"{halves[0]:<23}  {halves[1]:<23}", text
