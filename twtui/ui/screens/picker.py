"""The picker: choose processes to watch from a live table; typing filters it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import ComposeResult
from textual.events import Key, Paste
from textual.message import Message
from textual.screen import Screen

from twtui.errors import NoSuchTargetError
from twtui.model.plan import Target
from twtui.processes import ProcessRow, find_target, list_processes
from twtui.ui.escape import display_name
from twtui.ui.glyphs import Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.lines import Line
from twtui.ui.views.processes import status_line
from twtui.ui.widgets.filter_line import FilterLine
from twtui.ui.widgets.pane import Pane
from twtui.ui.widgets.panes import PickerKeys
from twtui.ui.widgets.process_table import ProcessTable

REFRESH_SECONDS = 2.0
_FIRST_SECONDS = 0.5
"""From the first reading to the second, with which CPU shares appear."""

ListProcesses = Callable[[], list[ProcessRow]]


class StatusLine(Pane):
    """What Enter does now."""

    line: Line = ()

    def build(self, _width: int, _height: int) -> list[Line]:
        """One line."""
        return [self.line]


class PickerScreen(Screen[None]):
    """A table of processes and a filter; posts ``Picked`` when the user has chosen."""

    BINDINGS = bindings(Where.PICKER)

    class Picked(Message):
        """The processes to watch."""

        def __init__(self, targets: tuple[Target, ...]) -> None:
            super().__init__()
            self.targets = targets

    def __init__(self, glyphs: Glyphs, list_processes: ListProcesses = list_processes) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._list_processes = list_processes
        self.filter = FilterLine(id="filter", glyphs=glyphs)
        self.table = ProcessTable(id="processes", glyphs=glyphs)
        self._retitle()
        self.status = StatusLine(id="status", glyphs=glyphs)
        self._reading = False

    def compose(self) -> ComposeResult:
        """Filter, table, what Enter does, keys."""
        yield self.filter
        yield self.table
        yield self.status
        yield PickerKeys(id="keys", glyphs=self.glyphs)

    def on_mount(self) -> None:
        """Read at once, again when CPU shares can be known, then every two seconds."""
        self.table.focus()
        self.read()
        self.set_timer(_FIRST_SECONDS, self.read)
        self.set_interval(REFRESH_SECONDS, self.read)

    def read(self) -> None:
        """Take a new reading in a thread, unless one is under way or nobody would see it."""
        if not self._reading and self.is_current:
            self._reading = True
            self.run_worker(self._read(), group="processes")

    async def _read(self) -> None:
        try:
            rows = await asyncio.to_thread(self._list_processes)
        finally:
            self._reading = False
        self.table.take(rows)

    def on_key(self, event: Key) -> None:
        """Whatever is printable goes into the filter; once it holds something, q and ? do too."""
        typing = bool(self.filter.value) and event.key != "space"
        if event.key in self.active_bindings and not (typing and event.is_printable):
            return
        if event.key == "backspace":
            self.filter.value = self.filter.value[:-1]
        elif event.is_printable and event.character:
            self.filter.value += event.character
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Pasted text filters too; only its first line."""
        self.filter.value += "".join(event.text.splitlines()[:1])

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Filter as the text changes."""
        self.table.filter(event.value)

    def on_process_table_changed(self) -> None:
        """Say what Enter does now."""
        table = self.table
        width = self.status.content_size.width
        self.status.line = status_line(
            table.current, table.selected, table.current_gone, width, self.glyphs
        )
        self.status.update()
        self.filter.show_matches(table.count, table.known)

    def action_select(self) -> None:
        """Select the process under the cursor, or not."""
        if not self.table.toggle():
            self._refuse()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.table.sort_by(self.table.sort.following)
        self._retitle()

    def action_sort_again(self) -> None:
        """Sort by the same column, by the newest numbers."""
        self.table.sort_by(self.table.sort)

    def _retitle(self) -> None:
        glyphs = self.glyphs
        self.table.set_title(
            f"twtui {glyphs.pointer} which process? {glyphs.separator} sorted by {self.table.sort}"
        )

    def action_clear_filter(self) -> None:
        """First the filter, then the selection."""
        if self.filter.value:
            self.filter.value = ""
        else:
            self.table.deselect_all()

    def _refuse(self) -> None:
        row = self.table.current
        if row is not None:
            why = "it has ended" if self.table.current_gone else row.refusal
            self._tell(f"{display_name(row.name)} {row.pid} cannot be watched: {why}")

    def _tell(self, message: str) -> None:
        self.notify(message, severity="warning", markup=False)

    def action_start(self) -> None:
        """Watch the selection, or the process under the cursor."""
        current = self.table.current
        chosen = self.table.selected
        if not chosen:
            if current is None or current.refusal or self.table.current_gone:
                self._refuse()
                return
            chosen = (current,)
        targets = []
        for row in chosen:
            try:
                found = find_target(row.pid)
            except NoSuchTargetError as error:
                self._tell(error.message)
                return
            if found.start_ticks != row.start_ticks:
                self._tell(f"PID {row.pid} is another process now; look at the table again")
                return
            targets.append(row.target)
        self.post_message(self.Picked(tuple(targets)))
