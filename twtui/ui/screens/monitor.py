"""The monitor: one run, its panes, and the keys that change it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal

from twtui.model.enums import MapKind, RunState
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.ui.control import Control
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where, bindings
from twtui.ui.offered import idle
from twtui.ui.playback_control import PlaybackControl
from twtui.ui.run import Run
from twtui.ui.screens.files import Files
from twtui.ui.screens.log_actions import LogActions
from twtui.ui.selection import EVERYTHING
from twtui.ui.since import since
from twtui.ui.views.heading import ViewState
from twtui.ui.widgets.captured_area import CapturedArea
from twtui.ui.widgets.event_list import EventList
from twtui.ui.widgets.key_bar import KeyBar
from twtui.ui.widgets.log_pane import LogPane
from twtui.ui.widgets.panes import (
    Banner,
    CallbacksPane,
    Heading,
    HealthStrip,
    LatencyPane,
    ReadsPane,
)

REFRESH_SECONDS = 0.2


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


class MonitorScreen(LogActions):
    """Pulls the newest snapshot a few times a second and hands it to the panes in view."""

    BINDINGS = bindings(Where.REPLAY, Where.MONITOR, Where.GROUPS, Where.FAILED)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-medium"), (50, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        run: Run,
        glyphs: Glyphs,
        keys: KeyMap = AS_SHIPPED,
        filter: Filter = EVERYTHING,
        host: str = "",
    ) -> None:
        super().__init__()
        self.run = run
        self.glyphs = glyphs
        self.key_map = keys
        self.control = Control(run, self.tell)
        self.playback = PlaybackControl(run)
        self.files = Files(self, run, glyphs, self.tell)
        self.heading = Heading(id="heading", glyphs=glyphs)
        self.banner = Banner(id="banner", glyphs=glyphs, keys=keys)
        self.callbacks = CallbacksPane(id="callbacks", glyphs=glyphs, keys=keys)
        self.latency = LatencyPane(id="latency", glyphs=glyphs, keys=keys)
        self.reads = ReadsPane(id="reads", glyphs=glyphs)
        self.area = CapturedArea(id="area", glyphs=glyphs, keys=keys)
        self.log_pane = LogPane(id="log", glyphs=glyphs)
        self.health = HealthStrip(id="health", glyphs=glyphs)
        self.keys = KeyBar(id="keys", glyphs=glyphs, keys=keys)
        self._first_filter = filter
        self._host = host
        self._held: Snapshot | None = None
        self._baseline: Snapshot | None = None
        self._by_kind = False
        self._shown: _Shown | None = None
        self._notes_told: tuple[str, ...] = ()

    @property
    def captured(self) -> EventList:
        """The list of events."""
        return self.area.events

    def compose(self) -> ComposeResult:
        """Heading, panes, strip, keys."""
        yield self.heading
        yield self.banner
        yield self.callbacks
        with Horizontal(id="middle"):
            yield self.latency
            yield self.reads
        yield self.area
        yield self.log_pane
        yield self.health
        yield self.keys

    def on_mount(self) -> None:
        """Arrow keys move in the events at once."""
        self.captured.focus()
        self.area.set_filter(self._first_filter)
        self.show_keys()
        self.tick()
        self.set_interval(REFRESH_SECONDS, self.tick)

    def tick(self) -> None:
        """Show the newest snapshot, unless it is on the screen already."""
        newest = self.run.snapshot
        self.control.settle(newest)
        self._tell_notes(newest)
        self.show_keys()
        shown = self._held or newest
        view = ViewState(
            map_kinds=self.control.wanted_kinds or newest.plan.map_kinds,
            wanted_mode=self.control.wanted_mode,
            paused=self._held is not None,
            new_events=newest.events_seen - shown.events_seen,
            by_kind=self._by_kind,
            since_ns=self._baseline.elapsed_ns if self._baseline else None,
            recorded=self.files.look(),
            host=self._host,
        )
        before, self._shown = self._shown, _Shown(newest, shown, view)
        if before is not None and before.same_as(self._shown):
            return
        self.offer_log()
        # State, clock and failure are those of now, also while the view is held.
        self.heading.show(newest, view)
        self.banner.show(newest, view)
        self.health.show(newest, view)
        if before is not None and before.same_panes(self._shown):
            return
        counted = since(shown, self._baseline) if self._baseline else shown
        for pane in (self.callbacks, self.latency, self.reads):
            pane.show(counted, view)
        self.area.show(shown)

    def redraw(self) -> None:
        """Draw the panes although nothing has changed."""
        self._shown = None
        self.tick()

    def _tell_notes(self, snapshot: Snapshot) -> None:
        for note in _new_notes(self._notes_told, snapshot.notes):
            self.notify(note)
            # It may be a refusal, so what was wished for is forgotten and the snapshot counts.
            self.control.forget()
        self._notes_told = snapshot.notes

    def show_keys(self) -> None:
        """Hints for what is typed, listed or played now."""
        if self.area.bar.display:
            self.keys.show(Where.FILTER)
            return
        snapshot = self.run.snapshot
        places = [Where.MONITOR, Where.EVERYWHERE]
        if self.area.grouped:
            places.append(Where.GROUPS)
        if snapshot.playback is not None:
            places.append(Where.REPLAY)
        if snapshot.state is RunState.FAILED and snapshot.log:
            places.append(Where.FAILED)
        self.keys.show(*places, without=idle(snapshot, self.log_shown))

    def on_captured_area_editing(self) -> None:
        """Other keys while a filter is typed."""
        self.show_keys()

    def action_toggle_mode(self) -> None:
        """Switch the mode, or explain why this plan must not."""
        self.control.toggle_mode()
        self.tick()

    def action_toggle_map(self, name: str) -> None:
        """Let one map kind schedule, or not."""
        self.control.toggle_map(MapKind(name))
        self.tick()

    def action_all_maps(self) -> None:
        """Let all map kinds schedule."""
        self.control.set_maps(tuple(MapKind))
        self.tick()

    def action_probe(self) -> None:
        """Schedule one callback on every thread now."""
        self.control.probe()

    def action_pause(self) -> None:
        """Hold the view, or go on with the newest; a recording itself is held."""
        if self.playback.playback is not None:
            self.playback.toggle()
            return
        self._held = None if self._held is not None else self.run.snapshot
        self.tick()

    def action_reset(self) -> None:
        """Count from 0 on the screen."""
        self._baseline = self._held or self.run.snapshot
        self.area.groups.restart()
        self.tell(f"Counting from 0; {self.key_map.text('reset.undo')} shows everything again.")
        self.redraw()

    def action_unreset(self) -> None:
        """Show everything since the start."""
        self._baseline = None
        self.redraw()

    def action_split(self) -> None:
        """Latencies by mode or by map kind."""
        self._by_kind = not self._by_kind
        self.redraw()

    def action_export(self) -> None:
        """Ask for a name and write the events in view."""
        found = self.area.matching()
        if found is not None:
            self.files.export(*found)

    def action_record(self) -> None:
        """Ask for a name and record from here on; or stop that."""
        self.files.record()

    def action_wind(self, seconds: int) -> None:
        """On by some seconds in a recording, or back."""
        self.playback.wind(seconds)

    def action_step(self, batches: int) -> None:
        """On in a recording to where the next events came, or back."""
        self.playback.step(batches)

    def action_speed(self, factor: float) -> None:
        """Play a recording faster or slower."""
        self.playback.faster(factor)

    def unzoom(self) -> None:
        """Give the panes their own places again."""
        self.query(".-zoomed").remove_class("-zoomed")
        self.remove_class("-zoom")

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        if self.log_shown:
            return  # it has it already
        focused = self.focused
        if self.has_class("-zoom") or focused is None:
            self.unzoom()
        else:
            self.add_class("-zoom")
            holder = next(
                (box for box in (self.area, self.query_one("#middle")) if focused in box.children),
                None,
            )
            for widget in filter(None, (focused, holder)):
                widget.add_class("-zoomed")
        self.call_after_refresh(self.redraw)
