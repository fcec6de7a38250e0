"""The monitor: one run, its panes, and the keys that change it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

from twtui.errors import UsageError
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Probe, SetMapKinds, SetMode
from twtui.model.snapshot import Snapshot
from twtui.ui.escape import display_name
from twtui.ui.glyphs import Glyphs
from twtui.ui.keys import Where, bindings
from twtui.ui.run import Run
from twtui.ui.screens.dialog import DetailDialog
from twtui.ui.views.heading import ViewState
from twtui.ui.widgets.event_list import EventList
from twtui.ui.widgets.panes import (
    Banner,
    CallbacksPane,
    Heading,
    HealthStrip,
    LatencyPane,
    MonitorKeys,
    ReadsPane,
)

REFRESH_SECONDS = 0.2
SIGNAL_WARNING = "Signal mode ends sleeps: blocking calls such as epoll_wait can return EINTR."


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is on the screen. Snapshots are compared by identity: they are large, and never change."""

    newest: Snapshot
    shown: Snapshot
    view: ViewState

    def same_panes(self, other: _Shown) -> bool:
        return self.shown is other.shown and self.view.map_kinds == other.view.map_kinds

    def same_as(self, other: _Shown) -> bool:
        return self.newest is other.newest and self.shown is other.shown and self.view == other.view


def _new_notes(told: tuple[str, ...], notes: tuple[str, ...]) -> tuple[str, ...]:
    """What came since; a snapshot keeps only the newest notes, so the old ones may be gone from it."""
    for start in range(len(told) + 1):
        kept = told[start:]
        if notes[: len(kept)] == kept:
            return notes[len(kept) :]
    return notes


class MonitorScreen(Screen[None]):
    """Pulls the newest snapshot a few times a second and hands it to the panes in view."""

    BINDINGS = bindings(Where.MONITOR)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-medium"), (50, "-tall")]  # noqa: RUF012

    def __init__(self, run: Run, glyphs: Glyphs) -> None:
        super().__init__()
        self.run = run
        self.glyphs = glyphs
        self.heading = Heading(id="heading", glyphs=glyphs)
        self.banner = Banner(id="banner", glyphs=glyphs)
        self.callbacks = CallbacksPane(id="callbacks", glyphs=glyphs)
        self.latency = LatencyPane(id="latency", glyphs=glyphs)
        self.reads = ReadsPane(id="reads", glyphs=glyphs)
        self.captured = EventList(id="captured", glyphs=glyphs)
        self.health = HealthStrip(id="health", glyphs=glyphs)
        self._held: Snapshot | None = None
        self._shown: _Shown | None = None
        self._wanted_kinds: tuple[MapKind, ...] | None = None
        self._wanted_mode: Mode | None = None
        self._notes_told: tuple[str, ...] = ()
        self._signal_warned = False

    def compose(self) -> ComposeResult:
        """Heading, panes, strip, keys."""
        yield self.heading
        yield self.banner
        yield self.callbacks
        with Horizontal(id="middle"):
            yield self.latency
            yield self.reads
        yield self.captured
        yield self.health
        yield MonitorKeys(id="keys", glyphs=self.glyphs)

    def on_mount(self) -> None:
        """Arrow keys move in the events at once."""
        self.captured.focus()
        self.tick()
        self.set_interval(REFRESH_SECONDS, self.tick)

    def tick(self) -> None:
        """Show the newest snapshot, unless it is on the screen already."""
        newest = self.run.snapshot
        if self._wanted_mode is newest.mode:
            self._wanted_mode = None
        if self._wanted_kinds == newest.plan.map_kinds:
            self._wanted_kinds = None
        self._tell_notes(newest)
        shown = self._held or newest
        view = ViewState(
            map_kinds=self._wanted_kinds or newest.plan.map_kinds,
            wanted_mode=self._wanted_mode,
            paused=self._held is not None,
            new_events=newest.events_seen - shown.events_seen,
        )
        before, self._shown = self._shown, _Shown(newest, shown, view)
        if before is not None and before.same_as(self._shown):
            return
        # State, clock and failure are those of now, also while the view is held.
        self.heading.show(newest, view)
        self.banner.show(newest, view)
        self.health.show(newest, view)
        if before is not None and before.same_panes(self._shown):
            return
        for pane in (self.callbacks, self.latency, self.reads):
            pane.show(shown, view)
        if self.captured.display:
            self.captured.show(shown)

    def _again(self) -> None:
        self._shown = None
        self.tick()

    def _tell_notes(self, snapshot: Snapshot) -> None:
        for note in _new_notes(self._notes_told, snapshot.notes):
            self.notify(display_name(note), markup=False)
            # It may be a refusal, so what was wished for is forgotten and the snapshot counts.
            self._wanted_mode = self._wanted_kinds = None
        self._notes_told = snapshot.notes

    def _tell(self, error: UsageError) -> None:
        self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False, timeout=8)

    def _submit(self, command: SetMode | SetMapKinds | Probe) -> bool:
        if self.run.submit(command):
            return True
        state = self.run.snapshot.state
        text = (
            "the run has not started yet" if state is RunState.STARTING else f"the run has {state}"
        )
        self.notify(f"Nothing changed: {text}.", severity="warning", markup=False)
        return False

    def action_toggle_mode(self) -> None:
        """Switch the mode, or explain why this plan must not."""
        wanted = (self._wanted_mode or self.run.snapshot.mode).other
        if wanted is Mode.SIGNAL:
            try:
                self.run.plan.check_signal()
            except UsageError as error:
                self._tell(error)
                return
        if not self._submit(SetMode(wanted)):
            return
        self._wanted_mode = wanted
        if wanted is Mode.SIGNAL and not self._signal_warned:
            self._signal_warned = True
            self.notify(SIGNAL_WARNING, severity="warning", markup=False, timeout=8)
        self.tick()

    def action_toggle_map(self, name: str) -> None:
        """Let one map kind schedule, or not; one always does."""
        kind = MapKind(name)
        on = set(self._wanted_kinds or self.run.snapshot.plan.map_kinds) ^ {kind}
        if not on:
            self.notify(f"{name} is the only map kind left; turn another one on first.")
            return
        self._set_map_kinds(tuple(kind for kind in MapKind if kind in on))

    def action_all_maps(self) -> None:
        """Let all map kinds schedule."""
        self._set_map_kinds(tuple(MapKind))

    def _set_map_kinds(self, kinds: tuple[MapKind, ...]) -> None:
        if self._submit(SetMapKinds(kinds)):
            self._wanted_kinds = kinds
            self.tick()

    def action_probe(self) -> None:
        """Schedule one callback on every thread now."""
        if self._submit(Probe()):
            self.notify("Probe sent: one callback for every thread.", timeout=2)

    def action_pause(self) -> None:
        """Hold the view, or go on with the newest."""
        self._held = None if self._held is not None else self.run.snapshot
        self.tick()

    def action_follow(self) -> None:
        """Follow the newest event, or stop doing so."""
        self.captured.follow(not self.captured.following)

    def action_detail(self) -> None:
        """Open the event under the cursor."""
        if self.captured.current is None:
            self.notify("No event to show yet.", timeout=2)
            return
        # A list that follows would be at another event at once, so an open detail holds it.
        before = self.captured.following, self.captured.current
        self.captured.follow(False)

        def closed(_: None) -> None:
            if before == (True, self.captured.current):
                self.captured.follow(True)

        self.app.push_screen(DetailDialog(self.captured, self.glyphs), closed)

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        zoomed = self.query(".-zoomed")
        focused = self.focused
        if zoomed or focused is None:
            zoomed.remove_class("-zoomed")
            self.remove_class("-zoom")
        else:
            focused.add_class("-zoomed")
            self.add_class("-zoom")
            self.query_one("#middle").set_class(focused in (self.latency, self.reads), "-zoomed")
        self.call_after_refresh(self._again)
