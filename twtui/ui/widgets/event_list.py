"""The list of captured events: numbered by the run, still while it is read, following when asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.cache import LRUCache

from twtui.harmless import written_out
from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.selection import SLICE, Selection
from twtui.ui.views.captured import Layout, Sources, empty_text, event_line, header_line
from twtui.ui.widgets.sliced import SlicedPane

_CACHED_LINES = 1024


class EventList(SlicedPane):
    """Events of the newest snapshot, or, while the user reads older ones, of the one being read."""

    BINDINGS = bindings(Where.READING)

    def __init__(
        self, *, id: str | None = None, glyphs: Glyphs = UNICODE, keys: KeyMap = AS_SHIPPED
    ) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self._keys = keys
        self.following = True
        self.selection = Selection()
        self._latest: Snapshot | None = None
        self._sources = Sources((), (), 0)
        self._layout = Layout.for_width(80)
        self._cache: LRUCache[int, Line] = LRUCache(_CACHED_LINES)
        self._place: tuple[int, int] | None = None
        """Numbers of the events under the cursor and at the top, until they are judged again."""

    @property
    def count(self) -> int:
        """Events in the window that the filter lets through."""
        return self.selection.count

    @property
    def current(self) -> tuple[Event, int] | None:
        """The event under the cursor and its number."""
        if not self.count:
            return None
        number = self.selection.numbers[self.cursor]
        return self.selection.event(number), number

    @property
    def sources(self) -> Sources:
        """What the numbers in the events refer to."""
        return self._sources

    def show(self, snapshot: Snapshot) -> None:
        """Take over a newer snapshot; a window that has lost the rows in view is not taken."""
        again = self._latest is not None and snapshot.events_seen < self._latest.events_seen
        self._latest = snapshot
        sources = Sources.of(snapshot)
        if sources != self._sources or again:
            self._sources = sources
            self._cache.clear()
        first = snapshot.events_seen - len(snapshot.events) + 1
        numbers = self.selection.numbers
        kept = numbers[self.top] >= first if numbers else True
        if self.following or kept or again:
            self._keep_place(lambda: self.selection.take(snapshot, SLICE))
        self._retitle()
        self.update()
        self.go_on()

    def _keep_place(self, change: Callable[[], None]) -> None:
        """Change the rows; cursor and view stay at their events, or at the newest when following."""
        numbers = self.selection.numbers
        at = self._place or ((numbers[self.cursor], numbers[self.top]) if numbers else (0, 0))
        change()
        # the events that the view was at may not have been judged yet
        self._place = at if self.behind else None
        if self.following:
            self.cursor = self.count - 1
        else:
            self.cursor, self.top = map(self.selection.index_of, at)
        self.clamp()

    @property
    def behind(self) -> bool:
        """Events in the window are still to be judged."""
        return self.selection.behind > 0

    def do_slice(self) -> None:
        """Judge some more."""
        self._keep_place(lambda: self.selection.judge(SLICE))

    def settle(self) -> None:
        """Show what matches now."""
        self._retitle()
        self.update()
        self.refresh()

    def set_filter(self, wanted: Filter) -> None:
        """Show only what matches, from now on."""
        self._keep_place(lambda: self.selection.set_filter(wanted, SLICE))
        self.settle()
        self.go_on()

    def _retitle(self) -> None:
        separator = self.glyphs.separator
        newest = self._latest.events_seen if self._latest else 0
        selection = self.selection
        if selection.filter:
            shown = written_out(str(selection.filter))
            title = f"Captured {separator} {selection.count:,} of the newest {selection.window:,} match {shown}"
        else:
            title = f"Captured {separator} {newest:,} events"
        if self.following:
            title += f" {separator} following"
        elif self.count:
            number = selection.numbers[self.cursor]
            newer = newest - number
            title += f" {separator} at {number:,}, {newer:,} newer {separator} f follows"
        self.set_title(title)

    def follow(self, wanted: bool) -> None:
        """Follow the newest event, or stay where the cursor is."""
        self.following = wanted
        if self._latest is not None:
            self.show(self._latest)
        self.refresh()

    def moved(self) -> None:
        """Reading stops the following; reaching the end again does not restart it by accident."""
        self.following = False
        self._place = None
        self._retitle()

    def action_last(self) -> None:
        """To the newest event, and on with it."""
        self.follow(True)

    def header(self, width: int) -> Line:
        """Column names."""
        return header_line(Layout.for_width(width))

    def row(self, index: int, width: int) -> Line:
        """One event."""
        if width != self._layout.width:
            self._layout = Layout.for_width(width)
            self._cache.clear()
        number = self.selection.numbers[index]
        line = self._cache.get(number)
        if line is None:
            event = self.selection.event(number)
            line = event_line(event, self._sources, self._layout, self.glyphs)
            self._cache[number] = line
        return line

    def empty(self) -> Sequence[Line]:
        """Why there is no event."""
        if self._latest is None:
            return ()
        if self.selection.window:
            all_again = f"{self._keys.text('filter.drop')} shows all"
            return [((f"none of these events matches the filter; {all_again}", "dim"),)]
        return [((empty_text(self._latest, self._keys), "dim"),)]
