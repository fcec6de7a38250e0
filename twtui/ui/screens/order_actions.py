"""What the keys of the picker do with the order of its table: sort, turn round, tree; it is remembered."""

from __future__ import annotations

from textual.screen import Screen

from twtui.ui.glyphs import Glyphs
from twtui.ui.memory import Memory
from twtui.ui.views.processes import Sort
from twtui.ui.widgets.process_table import ProcessTable


class OrderActions(Screen[None]):
    """A screen with a process table."""

    table: ProcessTable
    glyphs: Glyphs
    memory: Memory
    where = ""
    """Behind "which process": on which machine."""

    def remember_order(self) -> None:
        """As it was when the picker was left."""
        order = self.memory.get("order")
        if isinstance(order, dict) and order.get("sort") in set(Sort):
            self.table.sort = Sort(order["sort"])
            self.table.backwards = order.get("backwards") is True
            self.table.in_tree = order.get("tree") is True
        self.retitle()

    def _sort(self, column: Sort, backwards: bool = False, tree: bool | None = None) -> None:
        table = self.table
        table.sort_by(column, backwards, tree)
        order = {"sort": str(column), "backwards": backwards, "tree": table.in_tree}
        self.memory.put(order=order)
        self.retitle()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort(self.table.sort.following)

    def action_sort_again(self) -> None:
        """Sort by the same column, by the newest numbers."""
        self._sort(self.table.sort, self.table.backwards)

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self._sort(self.table.sort, not self.table.backwards)

    def action_tree(self) -> None:
        """Processes under their parents, or in one list."""
        self._sort(self.table.sort, self.table.backwards, not self.table.in_tree)

    def on_process_table_header_clicked(self, event: ProcessTable.HeaderClicked) -> None:
        """Sort by the column; a second click turns it round."""
        table = self.table
        self._sort(event.column, event.column is table.sort and not table.backwards)

    def retitle(self) -> None:
        """Say in the title how the table is ordered."""
        glyphs, table = self.glyphs, self.table
        order = f"sorted by {table.sort}{', reversed' if table.backwards else ''}"
        tree = " within the tree" if table.in_tree else ""
        table.set_title(
            f"twtui {glyphs.pointer} which process{self.where}? {glyphs.separator} {order}{tree}"
        )
