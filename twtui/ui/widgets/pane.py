"""The base of everything drawn: lines from a view, kept as strips, repainted only where they changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from twtui.harmless import written_out
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.lines import Line, fit
from twtui.ui.roles import COMPONENT_CLASSES, RoleStyles

_EDGES, _EDGES_WITH_CORNERS = 2, 6
"""Cells of a border that are not for its title."""


class Pane(Widget):
    """Draws what ``build`` returns; subclasses say what that is."""

    COMPONENT_CLASSES = COMPONENT_CLASSES

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self.roles = RoleStyles(self, glyphs.ascii_only)
        self._lines: Sequence[Line] = ()
        self._title: tuple[str, str] = ("", "")

    def build(self, width: int, height: int) -> Sequence[Line]:
        """The lines of a pane of this many cells."""
        raise NotImplementedError

    def set_title(self, text: str, role: str = "") -> None:
        """Set the title in the border; never read as markup."""
        if (text, role) != self._title:
            self._title = (text, role)
            self._draw_title()
            self.set_class(role == "warn", "-warn")

    def _draw_title(self) -> None:
        edges = _EDGES_WITH_CORNERS if self.styles.border_left[0] else _EDGES
        text, room = written_out(self._title[0]), self.outer_size.width - edges
        if self.glyphs.ascii_only and 0 < room < cell_len(text):
            # the framework would cut it with an ellipsis that is not ASCII
            text = fit(text, room, ellipsis=self.glyphs.ellipsis)
        self.border_title = Content(text)

    def update(self) -> None:
        """Build the lines again and repaint those that differ."""
        size = self.content_size
        if not size.width:
            return
        old, self._lines = self._lines, tuple(self.build(size.width, size.height))
        if len(old) != len(self._lines):
            self.refresh(layout=self.styles.is_auto_height)
            return
        changed = [
            Region(0, y, size.width, 1)
            for y, (before, now) in enumerate(zip(old, self._lines, strict=True))
            if before != now
        ]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        """Lines are made for one width."""
        self._draw_title()
        self.update()

    def get_content_height(self, _container: Size, viewport: Size, width: int) -> int:
        """As many rows as lines, for panes of automatic height."""
        return len(self.build(width, viewport.height)) if width else 1

    def render_line(self, y: int) -> Strip:
        """One row, from the lines of the last update."""
        width = self.content_size.width
        if not self._lines and width:
            self._lines = tuple(self.build(width, self.content_size.height))
        return self.roles.strip(self._lines[y] if y < len(self._lines) else (), width)

    def notify_style_update(self) -> None:
        """The theme changed: look the colours up again."""
        super().notify_style_update()
        self.roles.clear()

    @property
    def text(self) -> str:
        """What is on the screen, rows separated by newlines."""
        size = self.content_size
        return "\n".join(self.render_line(y).text.rstrip() for y in range(size.height))
