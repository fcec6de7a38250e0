"""The filter line of the monitor: takes effect while it is typed, marks an error at its place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.highlighter import Highlighter
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import Input, Static

from twtui.harmless import written_out
from twtui.model.filter import MAX_LENGTH, Filter, FilterError, parse_filter
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line, cut, fit
from twtui.ui.widgets.pane import Pane

HINT = 'pid:1,2 tid: comm:ng* map: mode: trigger: delay>100us rescued truncated failed gone text~/re/ "words" !x and or ( )'
_PROMPT = "/ "


class _ErrorMark(Highlighter):
    """Underlines what comes from the place of the error on."""

    def __init__(self) -> None:
        self.position: int | None = None

    def highlight(self, text: Text) -> None:
        if self.position is not None:
            text.stylize("bold underline", self.position)


class FilterInput(Input):
    """The text of the filter."""

    BINDINGS = bindings(Where.FILTER)

    async def action_keep(self) -> None:
        """Keep the filter and go to the events."""
        self.post_message(FilterBar.Left(keep=True))

    async def action_back(self) -> None:
        """Take back what was typed."""
        self.post_message(FilterBar.Left(keep=False))


class FilterMessage(Pane):
    """What is wrong and where, or how many events match, or what may be typed."""

    error: FilterError | None = None
    matches: tuple[int, int] = (0, 0)
    typed: bool = False

    def build(self, width: int, _height: int) -> Sequence[Line]:
        """One line; of an error, under its place."""
        if self.error is not None:
            problem = written_out(self.error.problem)
            # The caret stands under the place; where the words do not fit behind it, before it.
            place = min(len(_PROMPT) + self.error.position, width - 1)
            if place + 2 + len(problem) <= width:
                return [((" " * place + "^ ", "warn"), (problem, "warn"))]
            before = fit(problem, max(place - 1, 0), "right", self.glyphs.ellipsis)
            return [((f"{before} ^", "warn"),)]
        if not self.typed:
            return [cut((("  " + HINT, "dim"),), width)]
        matching, window = self.matches
        return [cut(((f"  {matching:,} of the newest {window:,} events match", "dim"),), width)]


class FilterBar(Container):
    """Input and message; posts ``Filtered`` for every valid text, and ``Left`` at the end."""

    class Filtered(Message):
        """Another filter is in force."""

        def __init__(self, filter: Filter) -> None:
            super().__init__()
            self.filter = filter

    class Left(Message):
        """The user is done."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id)
        self._mark = _ErrorMark()
        self.input = FilterInput(
            max_length=MAX_LENGTH, highlighter=self._mark, compact=True, select_on_focus=False
        )
        self.message = FilterMessage(glyphs=glyphs)
        self._before = ""

    def compose(self) -> ComposeResult:
        """The line that is typed into, and what there is to say about it."""
        yield Static(_PROMPT, id="filter-prompt", markup=False)
        yield self.input
        yield self.message

    def ask(self, text: str) -> None:
        """Begin with a text; what was in force before comes back when the user goes back."""
        self._before = text
        self.display = True
        self.input.value = text
        self.input.cursor_position = len(text)
        self._judge(text)
        self.input.focus()

    def show_matches(self, matching: int, window: int) -> None:
        """Say how many events match."""
        self.message.matches = (matching, window)
        self.message.update()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as the text changes; an invalid one leaves the last valid one in force."""
        event.stop()
        if self.display:
            found = self._judge(event.value)
            if found is not None:
                self.post_message(self.Filtered(found))

    def _judge(self, text: str) -> Filter | None:
        message = self.message
        found: Filter | None = None
        message.error = None
        try:
            found = parse_filter(text)
        except FilterError as error:
            message.error = error
        self._mark.position = message.error.position if message.error else None
        message.typed = bool(text.strip())
        message.update()
        self.input.refresh()
        return found

    def on_filter_bar_left(self, event: Left) -> None:
        """An error is not kept: the filter goes back to what it was."""
        self.display = False
        if not event.keep or self.message.error is not None:
            self.post_message(self.Filtered(parse_filter(self._before)))
