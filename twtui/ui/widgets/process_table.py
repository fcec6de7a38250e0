"""The process table: keeps its order, its cursor and its selection while the numbers in it change."""

from __future__ import annotations

from collections.abc import Iterable

from textual.events import Click
from textual.message import Message

from twtui.processes import ProcessRow
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.lines import Line
from twtui.ui.views.processes import (
    Identity,
    Sort,
    as_tree,
    column_at,
    identity,
    matcher,
    process_line,
    sorted_rows,
    table_header,
)
from twtui.ui.widgets.rows import RowsPane


class ProcessTable(RowsPane):
    """Processes held by PID and start time, so that a reused PID is another process."""

    class Changed(Message):
        """The row under the cursor or the selection is another one."""

    class HeaderClicked(Message):
        """The user wants the table sorted by this column."""

        def __init__(self, column: Sort) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.sort = Sort.CPU
        self.backwards = False
        self.in_tree = False
        self.pattern = ""
        self._known: dict[Identity, ProcessRow] = {}
        self._gone: set[Identity] = set()
        self._order: list[Identity] = []
        self._shown: list[Identity] = []
        self._selected: dict[Identity, None] = {}
        self._wanted: dict[Identity, None] = {}
        self._hand_picked = False
        self._branches: dict[Identity, str] = {}
        self._readings = 0

    @property
    def count(self) -> int:
        """Rows that match the filter."""
        return len(self._shown)

    @property
    def known(self) -> int:
        """Rows without a filter."""
        return len(self._order)

    @property
    def current(self) -> ProcessRow | None:
        """The process under the cursor."""
        return self._known[self._shown[self.cursor]] if self._shown else None

    @property
    def current_gone(self) -> bool:
        """The process under the cursor has ended."""
        return bool(self._shown) and self._shown[self.cursor] in self._gone

    @property
    def selected(self) -> tuple[ProcessRow, ...]:
        """The selected processes that still live, in the order of selection."""
        return tuple(self._known[key] for key in self._selected if key not in self._gone)

    def take(self, rows: Iterable[ProcessRow]) -> None:
        """A new reading: numbers change in place, new processes come last, ended ones stay, dimmed."""
        newest = {identity(row): row for row in rows}
        self._gone = {key for key in self._order if key not in newest}
        self._known.update(newest)
        known = frozenset(self._order)
        self._order += [key for key in newest if key not in known]
        self._readings += bool(newest)
        if newest:
            self._selected |= {
                key: None for key in self._wanted if key in newest and not newest[key].refusal
            }
            self._wanted = {}
        # The first reading knows no CPU shares, so the order is final only with the second.
        if self._readings <= 2 and not self._touched():
            self._reorder()
        self._filter_again()

    def _touched(self) -> bool:
        return bool(self.cursor or self.top or self._hand_picked or self.pattern)

    def _reorder(self) -> None:
        for key in self._gone:
            self._known.pop(key, None)
            self._selected.pop(key, None)
        living = [self._known[key] for key in self._order if key not in self._gone]
        self._gone = set()
        self._branches = {}
        if self.in_tree:
            placed = as_tree(living, self.sort, self.backwards, self.glyphs)
            self._order = [identity(row) for row, _ in placed]
            self._branches = {identity(row): branches for row, branches in placed}
        else:
            self._order = list(map(identity, sorted_rows(living, self.sort, self.backwards)))

    def _filter_again(self, keep_cursor: bool = True) -> None:
        under = self._shown[self.cursor] if self._shown and keep_cursor else None
        matches = matcher(self.pattern) if self.pattern else None
        self._shown = [key for key in self._order if matches is None or matches(self._known[key])]
        if under is not None and under in self._shown:
            moved = self._shown.index(under) - self.cursor
            self.cursor += moved
            self.top += moved
        elif not keep_cursor:
            self.cursor = self.top = 0
        self.clamp()
        self.update()
        self.refresh()
        self.post_message(self.Changed())

    def filter(self, pattern: str) -> None:
        """Show only what matches; the cursor goes to the first row."""
        self.pattern = pattern
        self._filter_again(keep_cursor=False)

    def sort_by(self, column: Sort, backwards: bool = False, tree: bool | None = None) -> None:
        """Order all rows anew; ended processes go."""
        self.sort, self.backwards = column, backwards
        self.in_tree = self.in_tree if tree is None else tree
        self._reorder()
        self._filter_again(keep_cursor=False)
        self.refresh()

    def toggle(self) -> bool:
        """Select the process under the cursor or not; False when it cannot be a target."""
        row = self.current
        if row is None or row.refusal or self.current_gone:
            return False
        key = identity(row)
        self._hand_picked = True
        if key in self._selected:
            del self._selected[key]
        else:
            self._selected[key] = None
        self.move_to(self.cursor + 1)
        return True

    def preselect(self, identities: Iterable[Identity]) -> None:
        """Select these with the first reading, so far as they still live."""
        self._wanted = dict.fromkeys(identities)

    def deselect_all(self) -> None:
        """Forget the selection."""
        self._hand_picked = True
        self._selected.clear()
        self.moved()
        self.update()

    def moved(self) -> None:
        """Tell the screen what the cursor is on."""
        self.post_message(self.Changed())

    def header(self, width: int) -> Line:
        """Column names."""
        return table_header(width, self.sort)

    def row(self, index: int, width: int) -> Line:
        """One process."""
        key = self._shown[index]
        # what a filter leaves over has lost the rows that its branches came from
        branches = "" if self.pattern else self._branches.get(key, "")
        return process_line(
            self._known[key], width, self.glyphs, key in self._selected, key in self._gone, branches
        )

    def on_click(self, event: Click) -> None:
        """A click on the header sorts; any other puts the cursor there."""
        offset = event.get_content_offset(self)
        column = column_at(offset.x) if offset is not None and not offset.y else None
        if column is not None:
            self.post_message(self.HeaderClicked(column))
            event.prevent_default()
