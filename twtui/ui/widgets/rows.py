"""A list with a cursor that draws only the rows in view; moving it never moves other rows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.strip import Strip

from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.widgets.pane import Pane

_WHEEL_ROWS = 3


class RowsPane(Pane, can_focus=True):
    """Rows by index under an optional header; subclasses say how many and how each looks."""

    BINDINGS = bindings(Where.LIST)
    header_rows = 1
    with_cursor = True

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.cursor = 0
        self.top = 0

    @property
    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def header(self, _width: int) -> Line:
        """The row of column names."""
        return ()

    def row(self, index: int, width: int) -> Line:
        """One row."""
        raise NotImplementedError

    def empty(self) -> Sequence[Line]:
        """What stands there while there is no row."""
        return ()

    def moved(self) -> None:
        """The user has moved the cursor or the view."""

    @property
    def visible_rows(self) -> int:
        """Rows that fit under the header."""
        return max(self.content_size.height - self.header_rows, 1)

    def clamp(self) -> None:
        """Keep cursor and view within the rows, and the cursor within the view."""
        self.cursor = max(0, min(self.cursor, self.count - 1))
        if self.with_cursor:
            self.top = max(min(self.top, self.cursor), self.cursor - self.visible_rows + 1)
        self.top = max(0, min(self.top, self.count - self.visible_rows))

    def build(self, width: int, height: int) -> Sequence[Line]:
        """The header and the rows in view."""
        head = [self.header(width)][: self.header_rows]
        if not self.count:
            return [*head, *self.empty()]
        end = min(self.top + height - self.header_rows, self.count)
        return [*head, *(self.row(index, width) for index in range(self.top, end))]

    def render_line(self, y: int) -> Strip:
        """A row, the cursor laid over it."""
        if (
            self.with_cursor
            and self.count
            and y - self.header_rows + self.top == self.cursor
            and y >= self.header_rows
            and y < len(self._lines)
        ):
            return self.roles.strip(self._lines[y], self.content_size.width, over="cursor")
        return super().render_line(y)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, as the user's doing."""
        if self.with_cursor:
            self.cursor = index
        else:
            self.top = index
        self._after_move()

    def _after_move(self) -> None:
        self.clamp()
        self.moved()
        self.update()
        self.refresh()

    def action_cursor(self, rows: int) -> None:
        """Move by rows."""
        self.move_to((self.cursor if self.with_cursor else self.top) + rows)

    def action_page(self, pages: int) -> None:
        """Move by what is in view, less one row to keep the eye on."""
        self.action_cursor(pages * max(self.visible_rows - 1, 1))

    def action_first(self) -> None:
        """To the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """To the last row."""
        self.move_to(self.count - 1)

    def scroll_rows(self, rows: int) -> None:
        """Move the view; the cursor is taken along only at its edge."""
        self.top = max(0, min(self.top + rows, self.count - self.visible_rows))
        if self.with_cursor:
            last = self.top + self.visible_rows - 1
            self.cursor = max(self.top, min(self.cursor, last))
        self._after_move()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the view."""
        event.stop()
        self.scroll_rows(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel moves the view."""
        event.stop()
        self.scroll_rows(-_WHEEL_ROWS)

    def on_click(self, event: Click) -> None:
        """A click puts the cursor there."""
        offset = event.get_content_offset(self)
        if offset is not None and self.with_cursor and offset.y >= self.header_rows:
            index = self.top + offset.y - self.header_rows
            if index < self.count:
                self.move_to(index)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self.clamp()
        self.update()
        self.refresh()


class TextRows(RowsPane):
    """Fixed lines to scroll through: help, detail."""

    BINDINGS = bindings(Where.READING)

    header_rows = 0
    with_cursor = False

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.content_lines: Sequence[Line] = ()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.content_lines)

    def row(self, index: int, _width: int) -> Line:
        """One line."""
        return self.content_lines[index]

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines from their start."""
        self.content_lines = lines
        self.top = 0
        self.update()
        self.refresh()
