"""The captured events grouped by value: ranked while nobody reads them, still while somebody does."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.ui.escape import display_name
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.groups import Group, Groups, GroupSort
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.selection import Selection
from twtui.ui.views.captured import Sources, empty_text
from twtui.ui.views.groups import GroupLayout, group_header, group_line, others_line
from twtui.ui.widgets.rows import RowsPane


class GroupList(RowsPane):
    """Values of the events since the grouping began. Counts change in place; the order, only while it follows."""

    BINDINGS = bindings(Where.READING)

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.following = True
        self.sort = GroupSort.COUNT
        self.reversed = False
        self.selection = Selection()
        self._groups = Groups()
        self._order: list[Group] = []
        self._latest: Snapshot | None = None
        self._seen = 0
        self._sources = Sources((), (), 0)

    @property
    def count(self) -> int:
        """Values, and the row of the others."""
        return len(self._order) + self._with_others

    @property
    def _with_others(self) -> bool:
        return bool(self._groups.others or self._groups.missed)

    @property
    def current(self) -> tuple[Event, int] | None:
        """The newest event of the value under the cursor, and its number."""
        if self.cursor >= len(self._order):
            return None
        group = self._order[self.cursor]
        return group.event, group.number

    @property
    def sources(self) -> Sources:
        """What the numbers in the events refer to."""
        return self._sources

    def restart(self) -> None:
        """Count anew, from the events that are still there."""
        self._groups = Groups()
        self._order = []
        self._seen = 0
        self.cursor = self.top = 0
        if self._latest is not None:
            self.show(self._latest)

    def set_filter(self, wanted: Filter) -> None:
        """Count only what matches; begins anew."""
        if wanted != self.selection.filter:
            self.selection.set_filter(wanted)
            self.restart()

    def show(self, snapshot: Snapshot) -> None:
        """Count what a newer snapshot brings."""
        if self._latest is not None and snapshot.events_seen < self._seen:
            self._groups, self._order, self._seen = Groups(), [], 0
        self._latest = snapshot
        self._sources = Sources.of(snapshot)
        selection, groups = self.selection, self._groups
        selection.take(snapshot)
        if self._seen:
            groups.missed += max(selection.first - self._seen - 1, 0)
        start = selection.index_of(self._seen + 1)
        groups.feed(
            ((number, selection.event(number)) for number in selection.numbers[start:]),
            snapshot.captures,
            snapshot.names,
        )
        self._seen = snapshot.events_seen
        groups.pace(snapshot.at_ns)
        self._rank()
        self._retitle()
        self.update()

    def _rank(self) -> None:
        groups = self._groups
        if self.following:
            keys = groups.ranked(self.sort, self.reversed)
            self._order = [group for key in keys if (group := groups.get(key))]
        elif len(groups) != len(self._order):
            # New values come last, so that no row moves; one that was shed stays as it was.
            known = {group.key for group in self._order}
            news = [key for key in groups.ranked(GroupSort.COUNT) if key not in known]
            self._order += [group for key in news if (group := groups.get(key))]
        self.clamp()

    def _retitle(self) -> None:
        separator = self.glyphs.separator
        groups, chosen = self._groups, self.selection.filter
        title = f"Values {separator} {len(groups):,} in {groups.total:,} events"
        if chosen:
            title += f" that match {display_name(str(chosen))}"
        direction = ", reversed" if self.reversed else ""
        title += f" {separator} by {self.sort}{direction} {separator} "
        self.set_title(title + ("ranked live" if self.following else "order held, f ranks again"))

    def follow(self, wanted: bool) -> None:
        """Keep the rows in the order of their rank, or where they are."""
        self.following = wanted
        if wanted:
            self.cursor = self.top = 0
        self._rank()
        self._retitle()
        self.update()
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.sort = self.sort.following
        self.follow(True)

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.reversed = not self.reversed
        self.follow(True)

    def moved(self) -> None:
        """Reading holds the order."""
        self.following = False
        self._retitle()

    def header(self, width: int) -> Line:
        """Column names."""
        return group_header(GroupLayout.for_width(width), self.sort)

    def row(self, index: int, width: int) -> Line:
        """One value, or the others."""
        groups = self._groups
        if index == len(self._order):
            return others_line(groups.others, groups.missed, width, self.glyphs)
        layout = GroupLayout.for_width(width)
        return group_line(self._order[index], groups.total, self._sources, layout, self.glyphs)

    def empty(self) -> Sequence[Line]:
        """Why there is no value."""
        if self._latest is None:
            return ()
        if self.selection.window:
            return [(("no event has matched the filter yet; esc shows all", "dim"),)]
        return [((empty_text(self._latest), "dim"),)]
