"""The log of a failure: a compiler's, the verifier's or the kernel process's words, folded and escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twtui.harmless import quoted
from twtui.ui.escape import fold
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED
from twtui.ui.lines import Line

MOST_LINES = 20_000
"""Of a log on the screen; the verifier can write millions, and says what is wrong at the end."""
_TAB_CELLS = 8


def log_text(log: str) -> str:
    """The whole log, harmless: lines stay lines, all else that is not printable is written out."""
    return "\n".join(_escaped(log.splitlines()))


def log_lines(
    log: str, width: int, glyphs: Glyphs, copy_key: str = AS_SHIPPED.text("copy")
) -> list[Line]:
    """The log in lines of ``width`` cells; of a very long one the end, and how much is left out.

    Args:
        log: As it came.
        width: Cells of a line.
        glyphs: The signs to draw with.
        copy_key: How people write the key that copies it.
    """
    written = log.splitlines()
    left_out = max(len(written) - MOST_LINES, 0)
    lines: list[Line] = []
    if left_out:
        said = f"{glyphs.ellipsis} {left_out:,} lines before these: {copy_key} copies them all"
        lines.append(((said, "warn"),))
    for text in _escaped(written[left_out:]):
        lines += [((part, ""),) for part in _folded(text, max(width, 1))] or [()]
    return lines


def _escaped(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        # a log's own backslashes stay single: it is read as a log, not as captured data
        parts = line.expandtabs(_TAB_CELLS).rstrip().split("\\")
        yield "\\".join(map(quoted, parts))


def _folded(text: str, width: int) -> Iterator[str]:
    if text.isascii():
        # escapes are ASCII too, and of a log it matters little where one is broken
        return (text[at : at + width] for at in range(0, len(text), width))
    return fold(text, width)
