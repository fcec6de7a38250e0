"""Text from the other side of a boundary, made fit for a terminal and a log: printable, and of known lines."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 2000
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_MARKS = frozenset(("Mn", "Mc", "Me"))


def harmless(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""One line for a person, of a text of unknown length: ``written_out``, and not without end.

    Args:
        text: Anything.
        most: What is longer than so many characters loses its end.
    """
    return written_out(shortened(text, most))


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters; one that was longer ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def harmless_lines(text: str) -> str:
    """Lines stay lines, all else is written out; for what may have several, like a log."""
    return "\n".join(map(written_out, text.replace("\r\n", "\n").split("\n")))


def written_out(text: str) -> str:
    r"""The text with every character that could move, colour or reorder a terminal written out.

    Controls, format characters (bidi, zero width), marks, private and unassigned code points and
    lone surrogates become ``\x1b``, ``\u202e``; a byte that was not UTF-8 becomes ``\xff``.
    Backslashes stay: two texts may come out alike. See ``quoted`` where they must not.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_written_out, text))


def quoted(text: str) -> str:
    r"""As ``written_out``, and one to one: a backslash of the text's own becomes two."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join("\\\\" if one == "\\" else _written_out(one) for one in text)


def _written_out(character: str) -> str:
    # isprintable() is False for controls, format characters (bidi, zero width), private and
    # unassigned code points; marks are written out because terminals disagree on their width
    if character.isprintable() and unicodedata.category(character) not in _MARKS:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
