"""The presets beside the process table, and the line that says what is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.events import Click
from textual.message import Message

from twtui.model.presets import Availability, Preset
from twtui.ui.choices import Choice
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.lines import Line
from twtui.ui.views.presets import choice_line, preset_lines
from twtui.ui.widgets.pane import Pane


class PresetList(Pane):
    """All presets; a click chooses one."""

    class Clicked(Message):
        """The user wants this preset."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self,
        presets: Mapping[str, Preset],
        as_started: str,
        *,
        id: str | None = None,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.presets = presets
        self.choice = Choice()
        self.available: Mapping[str, Availability] = {}
        self.as_started = as_started
        self.set_title("what to watch")

    def show(self, choice: Choice, available: Mapping[str, Availability]) -> None:
        """Draw this from now on."""
        self.choice, self.available = choice, available
        if self.display:
            self.update()

    def build(self, width: int, height: int) -> Sequence[Line]:
        """A line for each, then more about the chosen one."""
        lines = preset_lines(
            self.choice, self.presets, self.as_started, self.available, width, self.glyphs
        )
        return lines[:height]

    def on_click(self, event: Click) -> None:
        """A click chooses."""
        offset = event.get_content_offset(self)
        names = ["", *self.presets]
        if offset is not None and offset.y < len(names):
            self.post_message(self.Clicked(names[offset.y]))


class ChoiceLine(PresetList):
    """The chosen preset in one line."""

    def build(self, width: int, _height: int) -> Sequence[Line]:
        """One line."""
        found = self.available.get(self.choice.preset)
        return [choice_line(self.choice, self.presets, self.as_started, found, width, self.glyphs)]

    def on_click(self, event: Click) -> None:
        """A click goes on to the next one."""
        event.prevent_default()
        names = ["", *self.presets]
        at = names.index(self.choice.preset) if self.choice.preset in names else 0
        self.post_message(self.Clicked(names[(at + 1) % len(names)]))
