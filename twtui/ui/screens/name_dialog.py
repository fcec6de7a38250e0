"""A small dialog that asks for the name of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from twtui.invoker import invoker
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line
from twtui.ui.widgets.pane import Pane


class _Hint(Pane):
    text_line: str = ""

    def build(self, _width: int, _height: int) -> Sequence[Line]:
        return [((self.text_line, "dim"),)]


class NameDialog(ModalScreen[Path | None]):
    """Ends with the path, or with None when the user thinks better of it."""

    BINDINGS = [("escape", "dismiss(None)", "back")]  # noqa: RUF012

    def __init__(self, title: str, hint: str, name: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._title = title
        self.input = Input(name, compact=True, select_on_focus=False)
        self.hint = _Hint(glyphs=glyphs)
        self.hint.text_line = hint

    def compose(self) -> ComposeResult:
        """The name, and what happens with it."""
        with Container(id="name") as box:
            box.border_title = Content(self._title)
            yield self.input
            yield self.hint

    def on_mount(self) -> None:
        """The name can be changed at once."""
        self.input.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes it."""
        event.stop()
        name = event.value.strip()
        # the home is that of whoever called, also under sudo
        path = Path(invoker().home, name[2:]) if name.startswith("~/") else Path(name)
        self.dismiss(path if name else None)
