"""One event in detail, over the list that it is from."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.screens.dialog import LinesDialog
from twtui.ui.text import plural
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.payload import copy_text
from twtui.ui.widgets.captured_area import CapturedArea


class DetailDialog(LinesDialog):
    """One event of a list; left and right go to the ones before and after it."""

    BINDINGS = bindings(Where.DETAIL)

    def __init__(self, area: CapturedArea, glyphs: Glyphs, keys: KeyMap) -> None:
        super().__init__("", self._event_lines, glyphs, keys)
        self._area = area
        self._list = area.shown
        self._glyphs = glyphs
        self._keys = keys
        self._retitle()

    def _event_lines(self, width: int) -> Sequence[Line]:
        current = self._list.current
        if current is None:
            return ()
        arrived_ns = self._area.arrived_ns(current[1])
        return detail_lines(current[0], self._list.sources, width, self._glyphs, arrived_ns)

    def _retitle(self) -> None:
        current = self._list.current
        if current is not None:
            key, separator = self._keys.text, self._glyphs.separator
            step = f"{key('event.earlier')} {key('event.later')} step"
            ways = f"{step}, {key('detail.copy')} copies, {key('close')} closes"
            self.rows.set_title(f"Event {current[1]:,} {separator} {ways}")

    def action_step(self, events: int) -> None:
        """Go to another event; the list below goes along, and so stops following."""
        self._list.move_to(self._list.cursor + events)
        self._retitle()
        self._fill()

    def action_copy(self) -> None:
        """Copy what the event brought."""
        current = self._list.current
        if current is not None:
            sources = self._list.sources
            text = copy_text(current[0], sources.capture(current[0]), sources.names)
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {plural(len(text), 'character')}.", markup=False, timeout=3)
