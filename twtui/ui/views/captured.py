"""The Captured pane: one line per event, in columns that stay where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twtui.harmless import written_out
from twtui.model.enums import RunState, TargetState
from twtui.model.event import Event
from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line, Span, fit
from twtui.ui.offered import offered
from twtui.ui.views.payload import mark, payload_spans

_TIME, _TID, _DELAY, _MAP, _MODE = 12, 7, 7, 8, 6


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns one width has room for."""

    width: int
    comm: int
    with_map: bool
    trigger: int
    """Cells of the trigger column; 0: none."""

    @classmethod
    def for_width(cls, width: int) -> Layout:
        """The layout of a pane with lines of ``width`` cells."""
        return cls(
            width=width,
            comm=15 if width >= 100 else 11,
            with_map=width >= 100,
            trigger=24 if width >= 150 else 0,
        )

    @property
    def data_width(self) -> int:
        """Cells left for the data."""
        used = _TIME + 1 + _TID + 1 + self.comm + 1 + _DELAY + 1 + 2
        if self.with_map:
            used += _MAP + 1 + _MODE + 1
        if self.trigger:
            used += self.trigger + 1
        return max(self.width - used, 0)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the numbers in an event refer to."""

    captures: tuple[str, ...]
    triggers: tuple[str, ...]
    clock_offset_ns: int
    names: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Of stack addresses, by process (0: the kernel) and address."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Sources:
        """Those of a snapshot."""
        offset_ns = snapshot.info.clock_offset_ns
        return cls(snapshot.captures, snapshot.triggers, offset_ns, snapshot.names)

    def capture(self, event: Event) -> str:
        """The text of the event's capture; empty when it is not known."""
        return self.captures[event.capture] if event.capture < len(self.captures) else ""

    def trigger(self, event: Event) -> str:
        """The text of the event's trigger; empty when it is not known."""
        return self.triggers[event.capture] if event.capture < len(self.triggers) else ""


def header_line(layout: Layout) -> Line:
    """Names of the columns."""
    cells = [f"{'time':<{_TIME}}", f"{'thread':>{_TID}}", f"{'name':<{layout.comm}}"]
    if layout.with_map:
        cells += [f"{'map':<{_MAP}}", f"{'mode':<{_MODE}}"]
    cells.append(f"{'delay':>{_DELAY}}")
    if layout.trigger:
        cells.append(f"{'trigger':<{layout.trigger}}")
    return ((fit(" ".join(cells) + "   captured", layout.width), "head"),)


def event_line(event: Event, sources: Sources, layout: Layout, glyphs: Glyphs) -> Line:
    """One event in the columns of the layout."""
    name = written_out(event.comm.decode("utf-8", "surrogateescape"))
    spans: list[Span] = [
        (text.wall_time(event.trigger_ns, sources.clock_offset_ns) + " ", "dim"),
        (f"{event.tid:>{_TID}} ", ""),
        (fit(name, layout.comm, ellipsis=glyphs.ellipsis) + " ", "strong"),
    ]
    if layout.with_map:
        spans.append((f"{event.map_kind:<{_MAP}} ", "dim"))
        spans.append((f"{event.mode:<{_MODE}} ", str(event.mode)))
    delay = event.delay_ns
    shown = "direct" if delay is None else text.duration(delay, glyphs.ascii_only)
    # Without the mode column the delay wears the mode's colour; the detail says it in words.
    role = "dim" if delay is None else "" if layout.with_map else str(event.mode)
    spans.append((f"{shown:>{_DELAY}} ", role))
    if layout.trigger:
        trigger = fit(written_out(sources.trigger(event)), layout.trigger, ellipsis=glyphs.ellipsis)
        spans.append((trigger + " ", "dim"))
    sign, sign_role = mark(event, glyphs)
    spans.append((f"{sign} ", sign_role))
    capture = sources.capture(event)
    spans.extend(payload_spans(event, capture, layout.data_width, glyphs, sources.names))
    return tuple(spans)


def empty_text(snapshot: Snapshot, keys: KeyMap = AS_SHIPPED) -> str:
    """What the pane says before the first event, and what a person can do about it."""
    keys = offered(keys, snapshot)
    probe, picker = keys.text("probe"), keys.text("picker")
    living = [view for view in snapshot.targets if not view.state.has_ended]
    if snapshot.state is RunState.FAILED:
        return "no event was captured"
    if snapshot.state is RunState.ENDED:
        return "the run ended without an event"
    if snapshot.state is RunState.STARTING:
        return "no event yet: loading and attaching"
    if not snapshot.plan.samples:
        what = f": press {probe} to schedule a callback on every thread" if probe else ""
        return f"no event yet{what}"
    if snapshot.targets and not living:
        return f"no event: every target has ended{f'; {picker} picks others' if picker else ''}"
    if living and all(view.state is TargetState.SLEEPING for view in living):
        what = f"; press {probe} to probe it now" if probe else ""
        return f"no event yet: the target sleeps, so nothing triggers{what}"
    return "no event yet: waiting for the first trigger"
