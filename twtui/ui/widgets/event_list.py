"""The list of captured events: numbered by the run, still while it is read, following when asked to."""

from __future__ import annotations

from collections.abc import Sequence

from textual.cache import LRUCache

from twtui.model.event import Event
from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.lines import Line
from twtui.ui.views.captured import Layout, Sources, empty_text, event_line, header_line
from twtui.ui.widgets.rows import RowsPane

_CACHED_LINES = 1024


class EventList(RowsPane):
    """Events of the newest snapshot, or, while the user reads older ones, of the one being read."""

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.following = True
        self._events: tuple[Event, ...] = ()
        self._first_number = 1
        self._seen = 0
        self._latest: Snapshot | None = None
        self._sources = Sources((), (), 0)
        self._layout = Layout.for_width(80)
        self._cache: LRUCache[int, Line] = LRUCache(_CACHED_LINES)

    @property
    def count(self) -> int:
        """Events in the window."""
        return len(self._events)

    @property
    def current(self) -> tuple[Event, int] | None:
        """The event under the cursor and its number."""
        if not self._events:
            return None
        return self._events[self.cursor], self._first_number + self.cursor

    @property
    def sources(self) -> Sources:
        """What the numbers in the events refer to."""
        return self._sources

    def show(self, snapshot: Snapshot) -> None:
        """Take over a newer snapshot; a window that has lost the rows in view is not taken."""
        self._latest = snapshot
        sources = Sources(snapshot.captures, snapshot.triggers, snapshot.info.clock_offset_ns)
        if sources != self._sources:
            self._sources = sources
            self._cache.clear()
        first = snapshot.events_seen - len(snapshot.events) + 1
        top_number = self._first_number + self.top
        if self.following or not self._events or top_number >= first:
            if snapshot.events_seen < self._seen:
                self._cache.clear()
            if not self.following:
                self.cursor = max(0, self._first_number + self.cursor - first)
                self.top = max(0, top_number - first)
            self._events, self._first_number = snapshot.events, first
            self._seen = snapshot.events_seen
            if self.following:
                self.cursor = self.count - 1
            self.clamp()
        self._retitle()
        self.update()

    def _retitle(self) -> None:
        separator = self.glyphs.separator
        newest = self._latest.events_seen if self._latest else 0
        title = f"Captured {separator} {newest:,} events"
        if self.following:
            title += f" {separator} following"
        elif self._events:
            number = self._first_number + self.cursor
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
        number = self._first_number + index
        line = self._cache.get(number)
        if line is None:
            line = event_line(self._events[index], self._sources, self._layout, self.glyphs)
            self._cache[number] = line
        return line

    def empty(self) -> Sequence[Line]:
        """Why there is no event."""
        if self._latest is None:
            return ()
        return [((empty_text(self._latest), "dim"),)]
