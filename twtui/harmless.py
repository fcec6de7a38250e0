"""Text from the other side of a boundary, made fit for a terminal and a log: one line, printable, bounded."""

from __future__ import annotations

MOST_CHARACTERS = 2000


def harmless(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""The text with every character that could move or colour a terminal written out.

    Controls, format characters (bidi, zero width) and lone surrogates become ``\x1b``, ``\u202e``;
    what is longer than ``most`` characters loses its end.
    """
    cut = text if len(text) <= most else text[: most - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(one if one.isprintable() else _written_out(one) for one in cut)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
