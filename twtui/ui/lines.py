"""Lines of text with roles: the form in which views hand over what a widget draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
"""Text and its role; roles are in ``roles.ROLES``."""
Line = tuple[Span, ...]
Align = Literal["left", "right"]


def width_of(text: str) -> int:
    """Cells that a text takes on the screen."""
    return cell_len(text)


def fit(text: str, width: int, align: Align = "left", ellipsis: str = "…") -> str:
    """The text in exactly ``width`` cells; what does not fit ends in an ellipsis."""
    if width <= 0:
        return ""
    cells = cell_len(text)
    if cells > width:
        return set_cell_size(text, width - 1) + ellipsis
    padding = " " * (width - cells)
    return padding + text if align == "right" else text + padding


def plain(line: Line) -> str:
    """The text of a line without its roles."""
    return "".join(text for text, _ in line)


def line_width(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def join(parts: Iterable[Sequence[Span]], gap: str = "   ") -> Line:
    """Groups of spans in one line, a gap between two of them."""
    spans: list[Span] = []
    for part in parts:
        if not part:
            continue
        if spans:
            spans.append((gap, ""))
        spans.extend(part)
    return tuple(spans)


def spread(left: Line, right: Line, width: int) -> Line:
    """Left and right at the edges of ``width`` cells; the left is cut when both do not fit."""
    room = width - line_width(right)
    if room < 1:
        return cut(right, width)
    left = cut(left, room - 1 if right else room)
    return (*left, (" " * (room - line_width(left)), ""), *right)


def cut(line: Line, width: int, ellipsis: str = "…") -> Line:
    """At most ``width`` cells of a line."""
    if line_width(line) <= width:
        return line
    spans: list[Span] = []
    room = width
    for text, role in line:
        cells = cell_len(text)
        if cells >= room:
            spans.append((fit(text + " ", room, ellipsis=ellipsis) if room else "", role))
            break
        spans.append((text, role))
        room -= cells
    return tuple(spans)
