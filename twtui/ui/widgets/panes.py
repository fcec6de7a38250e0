"""The panes of the monitor that show a snapshot as a whole: heading, callbacks, latency, reads, health."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line
from twtui.ui.views.callbacks import callbacks_lines, callbacks_title
from twtui.ui.views.heading import ViewState, banner_lines, heading_lines
from twtui.ui.views.health import health_line
from twtui.ui.views.latency import latency_lines, latency_title
from twtui.ui.views.reads import reads_lines
from twtui.ui.widgets.pane import Pane


class SnapshotPane(Pane):
    """A pane that is a function of the snapshot and of what the screen adds to it."""

    snapshot: Snapshot | None = None
    view: ViewState = ViewState(map_kinds=())

    def __init__(
        self, *, id: str | None = None, glyphs: Glyphs = UNICODE, keys: KeyMap = AS_SHIPPED
    ) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.keys = keys

    def show(self, snapshot: Snapshot, view: ViewState) -> None:
        """Draw this from now on; hidden panes do no work until they are seen again."""
        self.snapshot, self.view = snapshot, view
        if self.display:
            self.retitle(snapshot)
            self.update()

    def retitle(self, snapshot: Snapshot) -> None:
        """Set the title in the border, where the pane has one."""

    def build(self, width: int, height: int) -> Sequence[Line]:
        """The lines, none before the first snapshot."""
        return self.lines(self.snapshot, width, height) if self.snapshot else ()

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Sequence[Line]:
        """What the pane says."""
        raise NotImplementedError


class Heading(SnapshotPane):
    """Who is watched, how, and whether it still runs."""

    def lines(self, snapshot: Snapshot, width: int, _height: int) -> Sequence[Line]:
        """One line, or two where it is narrow."""
        return heading_lines(snapshot, self.view, width, self.glyphs)


class Banner(SnapshotPane):
    """Not live, or failed; takes no room otherwise."""

    def lines(self, snapshot: Snapshot, width: int, _height: int) -> Sequence[Line]:
        """A line each."""
        return banner_lines(snapshot, width, self.glyphs, self.keys)


class CallbacksPane(SnapshotPane, can_focus=True):
    """The ledger."""

    def lines(self, snapshot: Snapshot, width: int, _height: int) -> Sequence[Line]:
        """Rows and the sum."""
        active = frozenset(map(str, self.view.map_kinds))
        return callbacks_lines(snapshot, width, self.glyphs, active)

    def retitle(self, snapshot: Snapshot) -> None:
        """The title says what to do when nothing completes."""
        self.set_title(*callbacks_title(snapshot, self.glyphs, self.view.since_ns, self.keys))


class LatencyPane(SnapshotPane, can_focus=True):
    """The histogram."""

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Sequence[Line]:
        """Bars and quantiles."""
        return latency_lines(snapshot, width, height, self.glyphs, self.view.by_kind)

    def retitle(self, snapshot: Snapshot) -> None:
        """The title says what a bar is."""
        split_key = self.keys.text("split")
        self.set_title(latency_title(snapshot, self.glyphs, self.view.by_kind, split_key))


class ReadsPane(SnapshotPane, can_focus=True):
    """Reads at the trigger against reads in the callback."""

    def lines(self, snapshot: Snapshot, width: int, height: int) -> Sequence[Line]:
        """Shares and numbers."""
        return reads_lines(snapshot, width, height, self.glyphs)

    def retitle(self, _snapshot: Snapshot) -> None:
        """A plain title."""
        self.set_title("Reads")


class HealthStrip(SnapshotPane):
    """What the monitor loses and costs."""

    def lines(self, snapshot: Snapshot, width: int, _height: int) -> Sequence[Line]:
        """One line."""
        return [health_line(snapshot, width, self.glyphs)]
