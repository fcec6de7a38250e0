"""The key hints at the bottom: those of the moment; a click on one does what its key does."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Click

from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import KeyMap
from twtui.ui.keys import Key, Where
from twtui.ui.lines import Line
from twtui.ui.views.health import HINT_GAP, fitting_keys, hint_width, key_line
from twtui.ui.widgets.pane import Pane


class KeyBar(Pane):
    """The hints of the places that are named."""

    def __init__(
        self, *places: Where, keys: KeyMap, id: str | None = None, glyphs: Glyphs = UNICODE
    ) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.keys = keys
        self._places = places
        self._without: frozenset[str] = frozenset()

    def show(self, *places: Where, without: frozenset[str] = frozenset()) -> None:
        """Show the hints of other places, without the keys of some ids."""
        if (places, without) != (self._places, self._without):
            self._places, self._without = places, without
            self.update()

    def _fitting(self, width: int) -> list[Key]:
        return fitting_keys(self.keys.hints(*self._places, without=self._without), width)

    def build(self, width: int, _height: int) -> Sequence[Line]:
        """One line."""
        return [key_line(self._fitting(width))]

    async def on_click(self, event: Click) -> None:
        """A click on a hint does what its key does."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        start = 0
        for key in self._fitting(self.content_size.width):
            if start <= offset.x < start + hint_width(key):
                await self.screen.run_action(key.action)
            start += hint_width(key) + HINT_GAP
