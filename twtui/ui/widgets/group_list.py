"""The captured events grouped by value: ranked while nobody reads them, still while somebody does."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.harmless import written_out
from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.groups import MAX_GROUPS, Group, Groups, GroupSort, Key
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.selection import SLICE, Selection
from twtui.ui.views.captured import Sources, empty_text
from twtui.ui.views.groups import GroupLayout, group_header, group_line, others_line
from twtui.ui.widgets.sliced import SlicedPane

_MOST_HELD = 2 * MAX_GROUPS
"""Rows while the order is held; what comes beyond them is shown when they are ranked again."""


class GroupList(SlicedPane):
    """Values of the events since the grouping began. Counts change in place; the order, only while it follows."""

    BINDINGS = bindings(Where.READING)

    def __init__(
        self, *, id: str | None = None, glyphs: Glyphs = UNICODE, keys: KeyMap = AS_SHIPPED
    ) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self._keys = keys
        self.following = True
        self.sort = GroupSort.COUNT
        self.reversed = False
        self.selection = Selection()
        self._groups = Groups()
        self._order: list[Group] = []
        self._held: set[Key] = set()
        """The values in the order, while it is held."""
        self._made = 0
        self._overdue = True
        self._latest: Snapshot | None = None
        self._seen = 0
        """Number of the last event that was counted, or had left the window by then."""
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
        group = self._at(self.cursor)
        return group.event, group.number

    def _at(self, index: int) -> Group:
        """The group of a row; one that was shed and has come again is counted anew."""
        held = self._order[index]
        return self._groups.get(held.key) or held

    @property
    def sources(self) -> Sources:
        """What the numbers in the events refer to."""
        return self._sources

    def restart(self) -> None:
        """Count anew, from the events that are still there."""
        self._forget()
        self.cursor = self.top = 0
        if self._latest is not None:
            self.show(self._latest)

    def _forget(self) -> None:
        self._groups, self._order, self._held = Groups(), [], set()
        self._seen = self._made = 0

    def set_filter(self, wanted: Filter) -> None:
        """Count only what matches; begins anew."""
        if wanted != self.selection.filter:
            self.selection.set_filter(wanted)
            self.restart()

    def show(self, snapshot: Snapshot) -> None:
        """Count what a newer snapshot brings."""
        if self._latest is not None and snapshot.events_seen < self._latest.events_seen:
            self._forget()
        self._latest = snapshot
        self._sources = Sources.of(snapshot)
        self.selection.take(snapshot, SLICE)
        left = self.selection.first - 1
        if self._seen:
            self._groups.missed += max(left - self._seen, 0)
        self._seen = max(self._seen, left)
        self._count(SLICE)
        if self._overdue or not self.behind:
            self.settle()
        # a window that is never done before the next comes is shown all the same
        self._overdue = self.behind
        self.go_on()

    @property
    def behind(self) -> bool:
        """Events in the window are still to be counted."""
        return self._seen < self.selection.judged or self.selection.behind > 0

    def do_slice(self) -> None:
        """Judge and count some more."""
        self.selection.judge(SLICE)
        self._count(SLICE)

    def _count(self, most: int) -> None:
        if self._latest is not None:
            end = min(self._seen + most, self.selection.judged)
            new = self.selection.between(self._seen, end)
            self._groups.feed(new, self._latest.captures, self._latest.names)
            self._seen = max(self._seen, end)

    def settle(self) -> None:
        """Rank and show what was counted."""
        self._overdue = False
        if self._latest is not None:
            self._groups.pace(self._latest.at_ns)
        self._rank()
        self._retitle()
        self.update()

    def _rank(self) -> None:
        groups = self._groups
        if self.following:
            keys = groups.ranked(self.sort, self.reversed)
            self._order = [group for key in keys if (group := groups.get(key))]
            self._held = set()
        elif groups.made != self._made:
            # New values come last, so that no row moves; one that was shed stays as it was.
            self._held = self._held or {group.key for group in self._order}
            newest = groups.newest(groups.made - self._made)
            room = max(_MOST_HELD - len(self._order), 0)
            news = [key for key in newest if key not in self._held][:room]
            self._held.update(news)
            self._order += [group for key in news if (group := groups.get(key))]
        self._made = groups.made
        self.clamp()

    def _retitle(self) -> None:
        separator = self.glyphs.separator
        groups, chosen = self._groups, self.selection.filter
        title = f"Values {separator} {len(groups):,} in {groups.total:,} events"
        if chosen:
            title += f" that match {written_out(str(chosen))}"
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
        return group_line(self._at(index), groups.total, self._sources, layout, self.glyphs)

    def empty(self) -> Sequence[Line]:
        """Why there is no value."""
        if self._latest is None:
            return ()
        if self.selection.window:
            all_again = f"{self._keys.text('filter.drop')} shows all"
            return [((f"no event has matched the filter yet; {all_again}", "dim"),)]
        return [((empty_text(self._latest, self._keys), "dim"),)]
