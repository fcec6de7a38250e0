"""The captured data: a list of events or of values, whichever is wanted, under one filter."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Click
from textual.message import Message

from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.selection import EVERYTHING
from twtui.ui.widgets.event_list import EventList
from twtui.ui.widgets.filter_bar import FilterBar
from twtui.ui.widgets.group_list import GroupList
from twtui.ui.widgets.sliced import SlicedPane


class CapturedArea(Container):
    """Event list, value list and filter line; only the list in view does work."""

    class Editing(Message):
        """A filter begins or ends to be typed."""

    def __init__(
        self, *, id: str | None = None, glyphs: Glyphs = UNICODE, keys: KeyMap = AS_SHIPPED
    ) -> None:
        super().__init__(id=id)
        self.events = EventList(id="captured", glyphs=glyphs, keys=keys)
        self.groups = GroupList(id="groups", glyphs=glyphs, keys=keys)
        self.bar = FilterBar(id="filter-bar", glyphs=glyphs)
        self.bar.display = False
        self.filter: Filter = EVERYTHING
        self._snapshot: Snapshot | None = None

    def compose(self) -> ComposeResult:
        """The lists, and the line under them."""
        yield self.events
        yield self.groups
        yield self.bar

    @property
    def grouped(self) -> bool:
        """Values are shown rather than events."""
        return self.has_class("-grouped")

    @property
    def shown(self) -> EventList | GroupList:
        """The list in view."""
        return self.groups if self.grouped else self.events

    def show(self, snapshot: Snapshot) -> None:
        """Draw this from now on."""
        self._snapshot = snapshot
        if not self.display:
            return
        self.shown.show(snapshot)
        if self.bar.display:
            self._count_matches()

    def arrived_ns(self, number: int) -> int | None:
        """When the event with a number was taken from the ring buffer; None when that is not known."""
        snapshot = self._snapshot
        if snapshot is None or (snapshot.info.name == "replay" and snapshot.playback is None):
            return None  # JSON Lines do not say when their events were taken
        return snapshot.arrivals.of(number)

    def _count_matches(self) -> None:
        selection = self.shown.selection
        self.bar.show_matches(selection.count, selection.window)

    def on_sliced_pane_caught_up(self, event: SlicedPane.CaughtUp) -> None:
        """All of the window has been judged."""
        event.stop()
        self._count_matches()

    def set_filter(self, wanted: Filter) -> None:
        """Show only what matches."""
        self.filter = wanted
        self.shown.set_filter(wanted)
        self._count_matches()

    def toggle_groups(self) -> None:
        """Values rather than events, or the other way round."""
        # either: the next key may come before the focus has followed the one before
        had_focus = self.events.has_focus or self.groups.has_focus
        self.toggle_class("-grouped")
        self.shown.set_filter(self.filter)
        if self._snapshot is not None:
            self.shown.show(self._snapshot)
        if had_focus:
            self.call_after_refresh(self._focus_shown)

    def _focus_shown(self) -> None:
        self.shown.focus()

    def ask_filter(self) -> None:
        """Let the user type a filter."""
        self.bar.ask(str(self.filter))
        self.post_message(self.Editing())

    async def on_click(self, event: Click) -> None:
        """A second click on a row opens it."""
        if event.chain == 2 and not self.bar.display:
            await self.screen.run_action("detail")

    def on_filter_bar_filtered(self, event: FilterBar.Filtered) -> None:
        """It takes effect while it is typed."""
        event.stop()
        self.set_filter(event.filter)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        """Arrow keys move in the list again."""
        event.stop()
        self.shown.focus()
        self.post_message(self.Editing())

    def matching(self) -> tuple[Snapshot, Sequence[Event]] | None:
        """The snapshot in view and its events that the filter lets through; None before the first."""
        if self._snapshot is None:
            return None
        self.shown.selection.judge()
        return self._snapshot, self.shown.selection.events()
