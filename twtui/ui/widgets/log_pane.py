"""The pane with the log of a failure: opens by itself at its end, where the cause mostly stands."""

from __future__ import annotations

from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.text import plural
from twtui.ui.views.log import log_lines, log_text
from twtui.ui.widgets.rows import TextRows


class LogPane(TextRows):
    """Lines of a log, folded anew for each width."""

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self._log = self._copy_key = ""
        self._width = 0

    def show_log(self, log: str, copy_key: str, other_key: str) -> None:
        """Show a log from its end.

        Args:
            log: As it came.
            copy_key: How people write the key that copies it.
            other_key: The same of the key that goes back to the numbers.
        """
        self._log, self._copy_key = log, copy_key
        self._width = 0
        separator = self.glyphs.separator
        lines = plural(len(log.splitlines()), "line")
        self.set_title(
            f"Log {separator} {lines} {separator} {copy_key} copies {separator} {other_key} numbers"
        )
        self.fill()
        self.action_last()

    def fill(self) -> None:
        """Fold the log at the width that the pane has now; the place in it stays."""
        width = self.content_size.width
        if not width or width == self._width:
            return
        before, place = self.count, self.top
        self._width = width
        self.show(log_lines(self._log, width, self.glyphs, self._copy_key))
        if before:
            self.move_to(place * self.count // before)

    @property
    def log_text(self) -> str:
        """All of it, escaped."""
        return log_text(self._log)

    def on_resize(self) -> None:
        """Lines are folded at the width."""
        self.fill()
        super().on_resize()
