"""The line of the picker that says what Enter does now."""

from __future__ import annotations

from twtui.ui.lines import Line
from twtui.ui.widgets.pane import Pane


class StatusLine(Pane):
    """One line, set from outside."""

    line: Line = ()

    def build(self, _width: int, _height: int) -> list[Line]:
        """One line."""
        return [self.line]
