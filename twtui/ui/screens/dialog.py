"""Screens over the others that show lines to scroll through: help, and one event in detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen

from twtui.model.event import Event
from twtui.ui.glyphs import Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.views.captured import Sources
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.guide import help_lines
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


def detail_dialog(event: Event, number: int, sources: Sources, glyphs: Glyphs) -> LinesDialog:
    """One event."""
    return LinesDialog(
        f"Event {number:,}",
        lambda width: detail_lines(event, number, sources, width, glyphs),
        glyphs,
    )
