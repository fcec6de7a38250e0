"""The application: owns the run, switches between picker and monitor, and leaves the terminal clean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from twtui.engine import Engine
from twtui.errors import UsageError
from twtui.model.plan import Plan, Target
from twtui.model.snapshot import Snapshot
from twtui.processes import list_processes
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.keys import KEYS, Where, bindings
from twtui.ui.roles import THEME
from twtui.ui.run import MakeBackend, MakeEngine, Run
from twtui.ui.screens.dialog import LinesDialog, help_dialog
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.screens.picker import ListProcesses, PickerScreen

_KEPT_COMMANDS = frozenset(("Theme", "Screenshot"))


class TwtuiApp(App[None]):
    """Picker and monitor over any backend.

    Args:
        make_backend: Makes a backend for a plan; called off the screen's thread, may raise TwtuiError.
        plan: Run this at once; None: let the user pick processes first.
        defaults: Makes the plan for picked processes; may raise UsageError.
        glyphs: The signs to draw with.
        make_engine: Makes the engine.
        list_processes: Reads the process table.
    """

    TITLE = "twtui"
    CSS_PATH = "twtui.tcss"
    BINDINGS = bindings(Where.EVERYWHERE)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        make_backend: MakeBackend,
        plan: Plan | None,
        defaults: Callable[[tuple[Target, ...]], Plan],
        *,
        glyphs: Glyphs = UNICODE,
        make_engine: MakeEngine = Engine,
        list_processes: ListProcesses = list_processes,
    ) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.run_now: Run | None = None
        self._runs: list[Run] = []
        self._make_backend = make_backend
        self._first_plan = plan
        self._defaults = defaults
        self._make_engine = make_engine
        self._list_processes = list_processes

    @property
    def last_snapshot(self) -> Snapshot | None:
        """The newest snapshot of the last run, also after the application has ended."""
        return self.run_now.snapshot if self.run_now else None

    def on_mount(self) -> None:
        """Go to the monitor when there is something to run, else to the picker."""
        self.register_theme(THEME)
        self.theme = THEME.name
        if self.glyphs.ascii_only:
            self.add_class("-ascii")
        if self._first_plan is not None:
            self._start(self._first_plan)
        else:
            self.push_screen(self._picker())

    def _picker(self) -> PickerScreen:
        return PickerScreen(self.glyphs, self._list_processes)

    def _start(self, plan: Plan) -> None:
        self.run_now = Run(self._make_backend, plan, self._make_engine)
        self._runs.append(self.run_now)
        self.run_now.start()
        screen = MonitorScreen(self.run_now, self.glyphs)
        if isinstance(self.screen, PickerScreen):
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def on_picker_screen_picked(self, message: PickerScreen.Picked) -> None:
        """Run the plan for what was picked."""
        try:
            plan = self._defaults(message.targets)
        except UsageError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
            return
        self._start(plan)

    async def _stop(self, run: Run) -> None:
        await asyncio.to_thread(run.stop)
        self._runs.remove(run)

    def action_picker(self) -> None:
        """End the run in the background and pick again."""
        if isinstance(self.screen, MonitorScreen):
            self.run_worker(self._stop(self.screen.run), group="stop")
            self.switch_screen(self._picker())

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
            self.push_screen(help_dialog(self.glyphs))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action of the screen, from the table of keys, then Textual's themes and screenshot."""
        place = Where.PICKER if isinstance(screen, PickerScreen) else Where.MONITOR
        for key in KEYS:
            if key.where is place or (key.where is Where.EVERYWHERE and key.id != "palette"):
                yield SystemCommand(
                    f"{key.description} ({key.text if key.label else key.keys})",
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
