"""The first screen where something is missing: what, how to fix it, and what works all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from twtui.errors import TwtuiError
from twtui.model.plan import Plan
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.run import MakeBackend
from twtui.ui.screens.name_dialog import NameDialog
from twtui.ui.views.findings import Check, findings_lines
from twtui.ui.widgets.key_bar import KeyBar
from twtui.ui.widgets.rows import TextRows

Source = tuple[MakeBackend, Plan]
"""Something to show: what makes its backend, and its plan."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the doctor found, and what can be shown instead."""

    checks: Sequence[Check]
    problem: TwtuiError
    """What stands in the way."""
    look_again: Callable[[], tuple[Sequence[Check], TwtuiError | None]]
    """Runs the checks; called off the screen's thread."""
    demo: Callable[[], Source]
    replay: Callable[[Path], Source]
    """May raise TwtuiError."""


class FindingsScreen(Screen[None]):
    """The checks; posts ``Chosen`` or ``Solved``."""

    BINDINGS = bindings(Where.FINDINGS)

    class Chosen(Message):
        """The user wants to see this instead."""

        def __init__(self, source: Source) -> None:
            super().__init__()
            self.source = source

    class Solved(Message):
        """Nothing stands in the way any more."""

    def __init__(self, findings: Findings, glyphs: Glyphs, keys: KeyMap = AS_SHIPPED) -> None:
        super().__init__()
        self.findings = findings
        self.glyphs = glyphs
        self.keys = keys
        self._checks, self._problem = findings.checks, findings.problem
        self.rows = TextRows(id="findings", glyphs=glyphs)
        self.rows.set_title(f"twtui {glyphs.pointer} what is missing here")

    def compose(self) -> ComposeResult:
        """Checks and keys."""
        yield self.rows
        yield KeyBar(
            Where.FINDINGS, Where.EVERYWHERE, id="keys", keys=self.keys, glyphs=self.glyphs
        )

    def on_mount(self) -> None:
        """Arrow keys scroll."""
        self.rows.focus()
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """Texts are folded at the width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        problem = self._problem
        width = self.rows.content_size.width
        said = (problem.message, problem.hint)
        self.rows.show(findings_lines(self._checks, *said, width, self.glyphs, self.keys))

    def action_demo(self) -> None:
        """The screens over data that is not live."""
        self._choose(self.findings.demo)

    def _choose(self, make: Callable[[], Source]) -> None:
        try:
            self.post_message(self.Chosen(make()))
        except TwtuiError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)

    def action_replay(self) -> None:
        """Ask for a recording."""

        def named(path: Path | None) -> None:
            if path is not None:
                self._choose(lambda: self.findings.replay(path))

        hint = "the file that twtui record -o has written; esc goes back"
        self.app.push_screen(NameDialog("Open a recording", hint, "", self.glyphs), named)

    async def action_check(self) -> None:
        """Run the checks again."""
        self.notify("Looking again…", timeout=2)
        checks, problem = await asyncio.to_thread(self.findings.look_again)
        if problem is None:
            self.post_message(self.Solved())
            return
        self._checks, self._problem = checks, problem
        self._fill()
