"""Screens over the others that show lines to scroll through; help is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen

from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.views.guide import help_lines
from twtui.ui.widgets.rows import TextRows


class LinesDialog(ModalScreen[None]):
    """A titled box of lines, made anew for each width."""

    BINDINGS = bindings(Where.DIALOG, Where.EVERYWHERE)

    def __init__(
        self,
        title: str,
        lines: Callable[[int], Sequence[Line]],
        glyphs: Glyphs,
        keys: KeyMap = AS_SHIPPED,
    ) -> None:
        super().__init__()
        self._lines = lines
        self.rows = TextRows(id="dialog", glyphs=glyphs)
        scroll = f"{keys.text('up')} {keys.text('down')} scroll"
        self.rows.set_title(f"{title} {glyphs.separator} {scroll}, {keys.text('close')} closes")

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


def help_dialog(glyphs: Glyphs, keys: KeyMap, first: Where) -> LinesDialog:
    """The keys, those of one place first, the words and the signs."""
    return LinesDialog("Help", lambda width: help_lines(glyphs, width, keys, first), glyphs, keys)
