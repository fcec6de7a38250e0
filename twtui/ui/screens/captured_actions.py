"""What the keys of the monitor do with the captured data: filter, group, sort, open, copy."""

from __future__ import annotations

from textual.screen import Screen

from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import KeyMap
from twtui.ui.screens.detail import DetailDialog
from twtui.ui.selection import EVERYTHING
from twtui.ui.text import plural
from twtui.ui.views.payload import copy_text
from twtui.ui.widgets.captured_area import CapturedArea

_BRIEFLY, _LONG = 3.0, 8.0
"""How long messages stay, in seconds."""


class CapturedActions(Screen[None]):
    """A screen with captured data."""

    area: CapturedArea
    glyphs: Glyphs
    key_map: KeyMap

    def show_keys(self) -> None:
        """Show the hints of the moment."""

    def tell(self, message: str, is_warning: bool = False) -> None:
        """Show the user a message; never read as markup."""
        if is_warning:
            self.notify(message, severity="warning", markup=False, timeout=_LONG)
        else:
            self.notify(message, markup=False, timeout=_BRIEFLY)

    def action_filter(self) -> None:
        """Let the user type a filter."""
        self.area.ask_filter()

    def action_drop_filter(self) -> None:
        """Show all events."""
        self.area.set_filter(EVERYTHING)

    def action_group(self) -> None:
        """Values rather than events, or the other way round."""
        self.area.toggle_groups()
        self.show_keys()

    def action_sort(self) -> None:
        """Sort the values by the next column."""
        if self.area.grouped:
            self.area.groups.action_sort()

    def action_reverse(self) -> None:
        """Sort the values the other way round."""
        if self.area.grouped:
            self.area.groups.action_reverse()

    def action_follow(self) -> None:
        """Follow the newest event, or stop doing so."""
        self.area.shown.follow(not self.area.shown.following)

    def action_detail(self) -> None:
        """Open the event under the cursor."""
        rows = self.area.shown
        if rows.current is None:
            self.tell("No event to show yet.")
            return
        # A list that follows would be at another event at once, so an open detail holds it.
        before = rows.following, rows.current
        rows.follow(False) if rows is self.area.events else rows.moved()

        def closed(_: None) -> None:
            if before == (True, rows.current):
                rows.follow(True)

        self.app.push_screen(DetailDialog(self.area, self.glyphs, self.key_map), closed)

    def action_copy(self) -> None:
        """Copy what the event under the cursor brought."""
        current, rows = self.area.shown.current, self.area.shown
        if current is None:
            self.tell("No event to copy.")
            return
        text = copy_text(current[0], rows.sources.capture(current[0]), rows.sources.names)
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied {plural(len(text), 'character')}.")
