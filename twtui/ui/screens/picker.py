"""The picker: choose processes and what to watch in them; typing filters the table at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Click, Key, Paste
from textual.message import Message

from twtui.errors import TwtuiError
from twtui.harmless import written_out
from twtui.mapped_files import mapped_files
from twtui.model.plan import Target
from twtui.model.presets import PRESETS, Availability, Preset, availability
from twtui.processes import Machine, ProcessReader, ProcessRow, find_target
from twtui.ui.choices import Choice
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.memory import Memory
from twtui.ui.screens.order_actions import OrderActions
from twtui.ui.views.processes import status_line
from twtui.ui.widgets.filter_line import FilterLine
from twtui.ui.widgets.key_bar import KeyBar
from twtui.ui.widgets.preset_list import ChoiceLine, PresetList
from twtui.ui.widgets.process_table import ProcessTable
from twtui.ui.widgets.status_line import StatusLine

REFRESH_SECONDS = 2.0
_FIRST_SECONDS = 0.5
"""From the first reading to the second, with which CPU shares appear."""
_REST_SECONDS = 0.2
"""A cursor that rests this long is worth a look at what its process has mapped."""

ListProcesses = Callable[[], list[ProcessRow]]


class PickerScreen(OrderActions):
    """A table of processes, a filter and the presets; posts ``Picked`` when the user has chosen.

    Args:
        glyphs: The signs to draw with.
        list_processes: Reads the process table.
        keys: The table of keys.
        presets: What can be watched, by name.
        as_started: What is watched without a preset.
        memory: Where the last choices are.
        machine: Whose processes they are; None: those of this machine.
        selected: Processes to begin with.
        host: The name of that machine; empty: this one.
    """

    BINDINGS = bindings(Where.PICKER)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012

    class Picked(Message):
        """The processes to watch, and what to watch in them."""

        def __init__(self, targets: tuple[Target, ...], choice: Choice = Choice()) -> None:  # noqa: B008
            super().__init__()
            self.targets = targets
            self.choice = choice

    def __init__(
        self,
        glyphs: Glyphs,
        list_processes: ListProcesses | None = None,
        keys: KeyMap = AS_SHIPPED,
        presets: Mapping[str, Preset] = PRESETS,
        as_started: str = "",
        memory: Memory | None = None,
        machine: Machine | None = None,
        selected: Iterable[Target] = (),
        host: str = "",
    ) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.keys = keys
        self._machine = machine
        self.where = f" on {written_out(host)}" if host else ""
        self.presets = presets
        self.memory = memory or Memory()
        self._list_processes = list_processes or (machine or ProcessReader()).read
        self.filter = FilterLine(id="filter", glyphs=glyphs)
        self.table = ProcessTable(id="processes", glyphs=glyphs)
        self.table.preselect((target.pid, target.start_ticks) for target in selected)
        self.preset_list = PresetList(presets, as_started, id="presets", glyphs=glyphs)
        self.choice_line = ChoiceLine(presets, as_started, id="choice", glyphs=glyphs)
        self.status = StatusLine(id="status", glyphs=glyphs)
        self.choice = Choice()
        self._available: Mapping[str, Availability] = {}
        self._looked_at = 0
        self._reading = False
        self._remember()

    def _remember(self) -> None:
        known = self.memory.get("choice")
        if isinstance(known, dict):
            self.choice = Choice.from_fields(known, self.presets)
        self.remember_order()

    def compose(self) -> ComposeResult:
        """Filter, table and presets, what is chosen, what Enter does, keys."""
        yield self.filter
        with Horizontal(id="picks"):
            yield self.table
            yield self.preset_list
        yield self.choice_line
        yield self.status
        yield KeyBar(Where.PICKER, Where.EVERYWHERE, id="keys", keys=self.keys, glyphs=self.glyphs)

    def on_mount(self) -> None:
        """Read at once, again when CPU shares can be known, then every two seconds."""
        self.table.focus()
        self._show_choice()
        self.read()
        self.set_timer(_FIRST_SECONDS, self.read)
        self.set_interval(REFRESH_SECONDS, self.read)

    def on_screen_resume(self) -> None:
        """After a dialog, and at the start."""
        self._show_choice()

    def read(self) -> None:
        """Take a new reading in a thread, unless one is under way or nobody would see it."""
        if not self._reading and self.is_current:
            self._reading = True
            self.run_worker(self._read(), group="processes")

    async def _read(self) -> None:
        try:
            rows = await asyncio.to_thread(self._list_processes)
        except TwtuiError as error:  # another machine that does not answer any more
            self._tell(error.message)
            return
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

    def on_click(self, event: Click) -> None:
        """A second click on a process starts."""
        if event.chain == 2 and event.widget is self.table and event.get_content_offset(self.table):
            self.action_start()

    def on_process_table_changed(self) -> None:
        """Say what Enter does now."""
        table = self.table
        width = self.status.content_size.width
        self.status.line = status_line(
            table.current, table.selected, table.current_gone, width, self.glyphs, self.keys
        )
        self.status.update()
        self.filter.show_matches(table.count, table.known)
        self._look(table.current)

    def _look(self, row: ProcessRow | None) -> None:
        pid = row.pid if row is not None and not row.refusal else 0
        if pid != self._looked_at:
            self._looked_at = pid
            self.run_worker(self._find_available(pid), group="available", exclusive=True)

    async def _find_available(self, pid: int) -> None:
        found: dict[str, Availability] = {}
        if pid:
            await asyncio.sleep(_REST_SECONDS)
            look = self._machine.mapped_files if self._machine else mapped_files
            try:
                files = await asyncio.to_thread(look, pid)
            except TwtuiError:
                files = None
            found = {name: availability(one, files) for name, one in self.presets.items()}
        self._available = found
        self._show_choice()

    def _show_choice(self) -> None:
        self.preset_list.show(self.choice, self._available)
        self.choice_line.show(self.choice, self._available)

    def _choose(self, choice: Choice) -> None:
        self.choice = choice
        self.memory.put(choice=choice.to_fields())
        self._show_choice()

    def action_preset(self, steps: int) -> None:
        """Another preset."""
        self._choose(self.choice.with_preset(self.presets, steps))

    def on_preset_list_clicked(self, event: PresetList.Clicked) -> None:
        """A preset by mouse."""
        self._choose(replace(self.choice, preset=event.name))

    def action_next_mode(self) -> None:
        """Another mode."""
        self._choose(self.choice.with_next_mode())

    def action_next_maps(self) -> None:
        """Other map kinds."""
        self._choose(self.choice.with_next_kinds())

    def action_select(self) -> None:
        """Select the process under the cursor, or not."""
        if not self.table.toggle():
            self._refuse()

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
            self._tell(f"{written_out(row.name)} {row.pid} cannot be watched: {why}")

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
                found = (self._machine.find_target if self._machine else find_target)(row.pid)
            except TwtuiError as error:
                self._tell(error.message)
                return
            if found.start_ticks != row.start_ticks:
                self._tell(f"PID {row.pid} is another process now; look at the table again")
                return
            targets.append(row.target)
        self.post_message(self.Picked(tuple(targets), self.choice))
