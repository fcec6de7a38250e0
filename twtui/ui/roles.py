"""The roles that text can have, and how strips get their colours from the style sheet."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from twtui.harmless import written_out
from twtui.ui.glyphs import ASCII
from twtui.ui.lines import Line

ROLES = (
    "dim",
    "strong",
    "head",
    "good",
    "bad",
    "warn",
    "resume",
    "signal",
    "rescued",
    "key",
    "cursor",
    "selected",
    "behind",
)
"""Meanings, not colours; the empty role is plain text."""

COMPONENT_CLASSES = {f"role--{role}" for role in ROLES}

THEME = Theme(
    name="twtui",
    # Blue and orange, sky and vermilion of Okabe and Ito stay apart for all common kinds of colour blindness.
    primary="#56b4e9",
    secondary="#7aa7c7",
    accent="#e69f00",
    warning="#f0c430",
    error="#ff7b4a",
    success="#4cc9a4",
    foreground="#d6dbe0",
    background="#101418",
    surface="#161b20",
    panel="#222a31",
    dark=True,
)


LIGHT_THEME = Theme(
    name="twtui-light",
    # the same hues, dark enough to be read on white
    primary="#005f8f",
    secondary="#33627f",
    accent="#a35200",
    warning="#7a5c00",
    error="#b02a00",
    success="#00694c",
    foreground="#1a1f24",
    background="#ffffff",
    surface="#f0f3f6",
    panel="#d7e0e8",
    dark=False,
)


class RoleStyles:
    """Styles of one widget's roles, looked up once per theme."""

    def __init__(self, widget: Widget, ascii_only: bool = False) -> None:
        self._widget = widget
        self._ascii_only = ascii_only
        self._styles: dict[tuple[str, str], Style] = {}

    def clear(self) -> None:
        """Forget everything: the theme or the style sheet has changed."""
        self._styles.clear()

    def style(self, role: str, over: str = "") -> Style:
        """The style of a role, with ``over`` (a cursor) laid over it."""
        known = self._styles.get((role, over))
        if known is None:
            widget = self._widget
            known = widget.get_component_rich_style(f"role--{role}") if role else widget.rich_style
            if over:
                known += widget.get_component_rich_style(f"role--{over}", partial=True)
            self._styles[role, over] = known
        return known

    def strip(self, line: Line, width: int, over: str = "") -> Strip:
        """A line as a strip of exactly ``width`` cells."""
        if self._ascii_only:
            line = tuple((text.replace("…", ASCII.ellipsis), role) for text, role in line)
        # views write out what is not theirs; if one forgets, the terminal still does not get it
        segments = [
            Segment(text if text.isprintable() else written_out(text), self.style(role, over))
            for text, role in line
            if text
        ]
        return Strip(segments).adjust_cell_length(width, self.style("", over))
