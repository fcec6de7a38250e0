"""The application: owns the run, switches between picker and monitor, and leaves the terminal clean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.driver import Driver
from textual.screen import Screen
from textual.widgets import Input

from twtui.errors import UsageError
from twtui.harmless import harmless_lines, written_out
from twtui.model.bounds import text
from twtui.model.filter import Filter
from twtui.model.plan import Plan, Target
from twtui.model.presets import PRESETS, Preset
from twtui.model.snapshot import Snapshot
from twtui.processes import Machine
from twtui.ui.choices import MakePlan
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.memory import Memory
from twtui.ui.offered import offered
from twtui.ui.roles import LIGHT_THEME, THEME
from twtui.ui.run import MakeBackend, MakeEngine, Run, make_engine
from twtui.ui.screens.dialog import LinesDialog, help_dialog
from twtui.ui.screens.findings import Findings, FindingsScreen
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.screens.picker import ListProcesses, PickerScreen
from twtui.ui.selection import EVERYTHING
from twtui.ui.start import in_words
from twtui.ui.terminal import TerminalDriver

_MOST_MESSAGE = 1000
"""Characters of a message over the screen."""
_KEPT_COMMANDS = frozenset(("Theme", "Screenshot"))


class TwtuiApp(App[None]):
    """Picker and monitor over any backend.

    Args:
        make_backend: Makes a backend for a plan; called off the screen's thread, may raise TwtuiError.
        plan: Run this at once; None: let the user pick processes first.
        make_plan: Makes the plan for picked processes and a preset; may raise UsageError.
        glyphs: The signs to draw with.
        keys: The table of keys, as the user wants it.
        filter: What the monitor shows at first.
        make_engine: Makes the engine.
        list_processes: Reads the process table.
        presets: What the picker offers to watch, by name.
        findings: What stands in the way of a live run; shown first.
        memory: Where choices are remembered; None: until the end of this start.
        can_pick: There is something to pick; False: what is shown is all there is.
        machine: Whose processes the picker shows; None: those of this machine.
        host: The name of that machine; empty: this one.
    """

    TITLE = "twtui"
    CSS_PATH = Path(__file__).with_name("twtui.tcss")
    BINDINGS = bindings(Where.EVERYWHERE)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        make_backend: MakeBackend,
        plan: Plan | None,
        make_plan: MakePlan,
        *,
        glyphs: Glyphs = UNICODE,
        keys: KeyMap = AS_SHIPPED,
        filter: Filter = EVERYTHING,
        make_engine: MakeEngine = make_engine,
        list_processes: ListProcesses | None = None,
        presets: Mapping[str, Preset] = PRESETS,
        findings: Findings | None = None,
        memory: Memory | None = None,
        can_pick: bool = True,
        machine: Machine | None = None,
        host: str = "",
    ) -> None:
        super().__init__()
        self.glyphs = glyphs
        keys = keys if can_pick else keys.without(frozenset(("picker",)))
        self.keys = keys.drawn_with(glyphs)
        self._can_pick = can_pick
        self._filter = filter
        self.run_now: Run | None = None
        self._runs: list[Run] = []
        self._make_backend = make_backend
        self._first_plan = plan
        self._make_plan = make_plan
        self._make_engine = make_engine
        self._list_processes = list_processes
        self._machine = machine
        self._host = host
        self._presets = presets
        self._findings = findings
        self.memory = memory or Memory()

    @property
    def last_snapshot(self) -> Snapshot | None:
        """The newest snapshot of the last run, also after the application has ended."""
        return self.run_now.snapshot if self.run_now else None

    @property
    def failure(self) -> Exception | None:
        """What the application ended of, when it was a fault of ours; else why the last run has failed."""
        return self._exception or (self.run_now.failure if self.run_now else None)

    def notify(
        self, message: str, *, title: str = "", markup: bool = False, **options: Any
    ) -> None:
        """Show a message, whoever it is from: harmless, its lines kept, and never read as markup."""
        del markup  # a widget asks for it unless told otherwise
        shown = self._drawn(harmless_lines(text(message, _MOST_MESSAGE)))
        super().notify(shown, title=self._drawn(written_out(title)), markup=False, **options)

    def _drawn(self, words: str) -> str:
        return words.replace(UNICODE.ellipsis, "...") if self.glyphs.ascii_only else words

    def on_command_palette_opened(self) -> None:
        """Its own words keep to the signs that the screen can show."""
        field = self.screen.query_one(Input)
        field.placeholder = self._drawn(str(field.placeholder))

    def get_driver_class(self) -> type[Driver]:
        """Ours, unless the environment asks for another."""
        wanted = super().get_driver_class()
        return TerminalDriver if issubclass(TerminalDriver, wanted) else wanted

    def _fatal_error(self) -> None:
        # without the framework's traceback, which shows what was captured: the caller has the words
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        """Go to the monitor when there is something to run, else to the picker."""
        self.register_theme(THEME)
        self.register_theme(LIGHT_THEME)
        known = self.memory.get("theme")
        self.theme = known if known in self.available_themes else THEME.name
        self.theme_changed_signal.subscribe(self, lambda theme: self.memory.put(theme=theme.name))
        self.set_keymap(dict(self.keys.changes or {}))
        if self.glyphs.ascii_only:
            self.add_class("-ascii")
        if self._findings is not None:
            self.push_screen(FindingsScreen(self._findings, self.glyphs, self.keys))
        elif self._first_plan is not None:
            self._start(self._make_backend, self._first_plan)
        else:
            self.push_screen(self._picker())

    def _picker(self, selected: Iterable[Target] = ()) -> PickerScreen:
        try:
            as_started = in_words(self._make_plan((), None))
        except UsageError:
            as_started = ""
        return PickerScreen(
            self.glyphs,
            self._list_processes,
            self.keys,
            self._presets,
            as_started,
            self.memory,
            self._machine,
            selected,
            self._host,
        )

    def _start(self, make_backend: MakeBackend, plan: Plan) -> None:
        self.run_now = Run(make_backend, plan, self._make_engine, self._host)
        self._runs.append(self.run_now)
        self.run_now.start()
        screen = MonitorScreen(self.run_now, self.glyphs, self.keys, self._filter, self._host)
        if isinstance(self.screen, PickerScreen | FindingsScreen):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def on_picker_screen_picked(self, message: PickerScreen.Picked) -> None:
        """Run the plan for what was picked."""
        try:
            plan = message.choice.plan(message.targets, self._make_plan, self._presets)
        except UsageError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
            return
        self._start(self._make_backend, plan)

    def on_findings_screen_chosen(self, message: FindingsScreen.Chosen) -> None:
        """Show what is not live."""
        self._start(*message.source)

    def on_findings_screen_solved(self) -> None:
        """Go on as if nothing had been in the way."""
        self._findings = None
        self.switch_screen(self._picker())

    async def _stop(self, run: Run) -> None:
        await asyncio.to_thread(run.stop)
        self._runs.remove(run)

    def action_picker(self) -> None:
        """End the run in the background and pick again, beginning with what it watched."""
        if not self._can_pick:
            self.notify("There is nothing to pick here: start twtui to watch what runs now.")
            return
        if isinstance(self.screen, MonitorScreen):
            watched = self.screen.run.plan.targets
            self.run_worker(self._stop(self.screen.run), group="stop")
            if self._findings is not None:
                self.switch_screen(FindingsScreen(self._findings, self.glyphs, self.keys))
            else:
                self.switch_screen(self._picker(watched))

    async def action_quit(self) -> None:
        """Leave without asking; the run is ended on the way out."""
        self.exit()

    async def on_unmount(self) -> None:
        """However the application ends, nothing of ours stays in the kernel."""
        for run in tuple(self._runs):
            await asyncio.to_thread(run.stop)

    def action_help(self) -> None:
        """Show the keys and what the words mean."""
        if not isinstance(self.screen, LinesDialog):
            screen = self.screen
            first = self._places(screen)[0]
            self.push_screen(help_dialog(self.glyphs, self._offered(screen), first))

    def _places(self, screen: Screen[Any]) -> tuple[Where, ...]:
        """The places whose keys work on a screen."""
        if isinstance(screen, PickerScreen):
            return (Where.PICKER,)
        if isinstance(screen, FindingsScreen):
            return (Where.FINDINGS,)
        if self.last_snapshot is not None and self.last_snapshot.playback is not None:
            return (Where.REPLAY, Where.MONITOR, Where.GROUPS)
        return (Where.MONITOR, Where.GROUPS)

    def _offered(self, screen: Screen[Any]) -> KeyMap:
        """The keys that mean something on a screen."""
        if isinstance(screen, PickerScreen | FindingsScreen):
            return self.keys
        return offered(self.keys, self.last_snapshot)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action of the screen, from the table of keys, then Textual's themes and screenshot."""
        for key in self._offered(screen).of(*self._places(screen), Where.EVERYWHERE):
            if key.id != "palette":
                yield SystemCommand(
                    f"{key.description} ({key.text})",
                    "",
                    self._command(screen, key.action),
                )
        for command in super().get_system_commands(screen):
            if command.title in _KEPT_COMMANDS:
                yield command

    def _command(self, screen: Screen[Any], action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action, screen)

        return run
