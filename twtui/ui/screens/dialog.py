"""Screens over the others that show lines to scroll through: help, and one event in detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen

from twtui.ui.glyphs import Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.guide import help_lines
from twtui.ui.widgets.event_list import EventList
from twtui.ui.widgets.rows import TextRows


class LinesDialog(ModalScreen[None]):
    """A titled box of lines, made anew for each width."""

    BINDINGS = bindings(Where.DIALOG, Where.EVERYWHERE)

    def __init__(self, title: str, lines: Callable[[int], Sequence[Line]], glyphs: Glyphs) -> None:
        super().__init__()
        self._lines = lines
        self.rows = TextRows(id="dialog", glyphs=glyphs)
        self.rows.set_title(f"{title} {glyphs.separator} arrows scroll, esc closes")

    def compose(self) -> ComposeResult:
        """The box."""
        yield self.rows

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.rows.focus()
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """Hexdumps and texts are folded at the width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        self.rows.show(self._lines(self.rows.content_size.width))

    def action_close(self) -> None:
        """Back to the screen below."""
        self.dismiss(None)


def help_dialog(glyphs: Glyphs) -> LinesDialog:
    """The keys, the words and the signs."""
    return LinesDialog("Help", lambda width: help_lines(glyphs, width), glyphs)


class DetailDialog(LinesDialog):
    """One event of a list; left and right go to the ones before and after it."""

    BINDINGS = bindings(Where.DETAIL)

    def __init__(self, events: EventList, glyphs: Glyphs) -> None:
        super().__init__("", self._event_lines, glyphs)
        self._events = events
        self._retitle()

    def _event_lines(self, width: int) -> Sequence[Line]:
        current = self._events.current
        if current is None:
            return ()
        return detail_lines(current[0], self._events.sources, width, self._events.glyphs)

    def _retitle(self) -> None:
        current = self._events.current
        if current is not None:
            self.rows.set_title(
                f"Event {current[1]:,} {self._events.glyphs.separator} left and right step, esc closes"
            )

    def action_step(self, events: int) -> None:
        """Go to another event; the list below goes along, and so stops following."""
        self._events.move_to(self._events.cursor + events)
        self._retitle()
        self._fill()
