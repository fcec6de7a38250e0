"""What a person changes in a run: mode, map kinds, probes; wishes show until they hold or are refused."""

from __future__ import annotations

from collections.abc import Callable

from twtui.errors import UsageError
from twtui.model.disturbance import Reach, furthest_reach, warning
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Command, Probe, SetMapKinds, SetMode
from twtui.model.snapshot import Snapshot
from twtui.ui.run import Run

Tell = Callable[[str, bool], None]
"""Told to the user: the text, and whether it is a warning."""


class Control:
    """The commands of one run.

    Args:
        run: The run.
        tell: Shows the user a message.
    """

    def __init__(self, run: Run, tell: Tell) -> None:
        self._run = run
        self._tell = tell
        self.wanted_kinds: tuple[MapKind, ...] | None = None
        self.wanted_mode: Mode | None = None
        self._warned: set[Reach] = set()

    def settle(self, newest: Snapshot) -> None:
        """Forget the wishes that hold by now; say what it means that a run began in signal mode."""
        live = newest.state is RunState.LIVE and newest.info.name == "live"
        if live and self._run.plan.mode is Mode.SIGNAL:
            self._warn(furthest_reach(watch.trigger for watch in self._run.plan.watches))
        if self.wanted_mode is newest.mode:
            self.wanted_mode = None
        if self.wanted_kinds == newest.plan.map_kinds:
            self.wanted_kinds = None

    def forget(self) -> None:
        """Something was refused: from here on the snapshot counts."""
        self.wanted_mode = self.wanted_kinds = None

    def _is_fixed(self) -> bool:
        """Say so where nothing can be changed, before anything is said of what a change would do."""
        if self._run.snapshot.is_recorded:
            self._tell("Nothing changed: this is a recording.", True)
            return True
        return False

    def submit(self, command: Command) -> bool:
        """Hand a command over; where nobody would take it, say why."""
        if self._is_fixed():
            return False
        if self._run.submit(command):
            return True
        state = self._run.snapshot.state
        starting = state is RunState.STARTING
        text = "the run has not started yet" if starting else f"the run has {state}"
        self._tell(f"Nothing changed: {text}.", True)
        return False

    def toggle_mode(self) -> None:
        """Switch the mode, or explain why this plan must not."""
        if self._is_fixed():
            return
        wanted = (self.wanted_mode or self._run.snapshot.mode).other
        if wanted is Mode.SIGNAL:
            try:
                self._run.plan.check_signal()
            except UsageError as error:
                self._tell(f"{error.message}\n{error.hint}", True)
                return
        if not self.submit(SetMode(wanted)):
            return
        self.wanted_mode = wanted
        if wanted is Mode.SIGNAL:
            self._warn(furthest_reach(watch.trigger for watch in self._run.plan.watches))

    def _warn(self, reach: Reach) -> None:
        """Say once what signal mode does to the target."""
        if reach not in self._warned:
            self._warned.add(reach)
            self._tell(warning(reach), reach is not Reach.AWAKE)

    def toggle_map(self, kind: MapKind) -> None:
        """Let one map kind schedule, or not; one always does."""
        if self._is_fixed():
            return
        on = set(self.wanted_kinds or self._run.snapshot.plan.map_kinds) ^ {kind}
        if not on:
            self._tell(f"{kind} is the only map kind left; turn another one on first.", False)
            return
        self.set_maps(tuple(kind for kind in MapKind if kind in on))

    def set_maps(self, kinds: tuple[MapKind, ...]) -> None:
        """Let these map kinds schedule."""
        if self.submit(SetMapKinds(kinds)):
            self.wanted_kinds = kinds

    def probe(self) -> None:
        """Schedule one callback on every thread now."""
        if self.submit(Probe()):
            self._tell("Probe sent: one callback for every thread.", False)
            if (self.wanted_mode or self._run.snapshot.mode) is Mode.SIGNAL:
                self._warn(Reach.ASLEEP)
