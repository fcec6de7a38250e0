"""Files that the monitor writes: the events in view, and a recording of the run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.screen import Screen

from twtui.errors import TwtuiError
from twtui.harmless import written_out
from twtui.model.enums import RunState
from twtui.model.event import Event
from twtui.model.snapshot import Snapshot
from twtui.recording.recorder import RecordingState
from twtui.ui.control import Tell
from twtui.ui.export_events import write_events
from twtui.ui.glyphs import Glyphs
from twtui.ui.run import Run
from twtui.ui.screens.name_dialog import NameDialog
from twtui.ui.text import plural, size


class Files:
    """Asks for names, writes off the screen's thread, and says what came of it.

    Args:
        screen: Over which the dialogs open.
        run: What is recorded.
        glyphs: The signs to draw with.
        tell: Shows the user a message.
    """

    def __init__(self, screen: Screen[Any], run: Run, glyphs: Glyphs, tell: Tell) -> None:
        self._screen = screen
        self._run = run
        self._glyphs = glyphs
        self._tell = tell
        self._told: RecordingState | None = None

    def _ask(self, title: str, ending: str, then: Callable[[Path], None]) -> None:
        def named(path: Path | None) -> None:
            if path is not None:
                then(path)

        name = time.strftime(f"twtui-%Y%m%d-%H%M%S.{ending}")
        hint = "a new file, readable by you alone; enter writes it, esc goes back"
        self._screen.app.push_screen(NameDialog(title, hint, name, self._glyphs), named)

    def _fail(self, error: TwtuiError) -> None:
        self._tell(f"{error.message}\n{error.hint}".strip(), True)

    def export(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        """Ask for a name and write these events."""

        async def write(path: Path) -> None:
            try:
                await asyncio.to_thread(write_events, path, snapshot, events)
            except TwtuiError as error:
                self._fail(error)
            else:
                self._tell(
                    f"Wrote {plural(len(events), 'event')} to {written_out(str(path))}", False
                )

        title = f"Export {plural(len(events), 'event')} as JSON Lines"
        self._ask(title, "jsonl", lambda path: self._work(write(path)))

    def _work(self, work: Any) -> None:
        self._screen.run_worker(work, group="files")

    def record(self) -> None:
        """Ask for a name and record from here on; or stop that."""
        recorder, snapshot = self._run.recorder, self._run.snapshot
        state = recorder.state
        if state is not None and state.active:
            self._work(asyncio.to_thread(recorder.stop))
        elif snapshot.is_recorded:
            self._tell("This is a recording already.", True)
        elif snapshot.state is not RunState.LIVE:
            self._tell("Nothing to record: the run is not live.", True)
        else:
            self._ask("Record the run", "twtui", lambda path: self._work(self._start(path)))

    async def _start(self, path: Path) -> None:
        try:
            await asyncio.to_thread(self._run.recorder.start, path, self._run.snapshot.info)
        except TwtuiError as error:
            self._fail(error)

    def look(self) -> int | None:
        """Events in the recording that is being made; says when one has ended."""
        state = self._run.recorder.state
        if state is None or state.active:
            self._told = None
            return None if state is None else state.events
        if self._told is None:
            self._told = state
            if state.error:
                self._tell(f"The recording has failed: {state.error}\n{state.hint}".strip(), True)
            else:
                number = plural(state.events, "event")
                name = written_out(str(state.path))
                self._tell(f"Recorded {number}, {size(state.size_bytes)}, to {name}", False)
        return None
