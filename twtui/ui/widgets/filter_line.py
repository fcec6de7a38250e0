"""The filter of the picker: one line that is typed into without being gone to first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message

from twtui.harmless import written_out
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.lines import Line, cut, spread
from twtui.ui.widgets.pane import Pane

_HINT = "type to filter by name, PID, user or command line; /regex/ works too"


class FilterLine(Pane):
    """The text of the filter, and how many processes match it."""

    class Changed(Message):
        """The text is another one."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self._value = ""
        self._matches = (0, 0)

    @property
    def value(self) -> str:
        """What was typed."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.update()
            self.post_message(self.Changed(value))

    def show_matches(self, matching: int, known: int) -> None:
        """Say how many of the processes match."""
        self._matches = (matching, known)
        self.update()

    def build(self, width: int, _height: int) -> Sequence[Line]:
        """Prompt, text and cursor; or what may be typed."""
        matching, known = self._matches
        prompt: Line = (("filter ", "head"), (f"{self.glyphs.pointer} ", "dim"))
        if not self._value:
            return [spread((*prompt, (_HINT, "dim")), ((f"{known:,}", "dim"),), width)]
        typed: Line = ((written_out(self._value), "strong"), ("_", "dim"))
        found: Line = ((f"{matching:,} of {known:,}", "dim" if matching else "warn"),)
        return [cut(spread((*prompt, *typed), found, width), width)]
