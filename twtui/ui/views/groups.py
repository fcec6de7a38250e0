"""The Captured pane, grouped: one line per value with its counts, in columns that stay where they are."""

from __future__ import annotations

from dataclasses import dataclass

from twtui.harmless import written_out
from twtui.model.capture import read_of
from twtui.model.content import function_of
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.groups import Group, GroupSort
from twtui.ui.lines import Line, Span, fit
from twtui.ui.views.captured import Sources
from twtui.ui.views.payload import mark, payload_spans

_COUNT, _SHARE, _RATE, _RESCUED, _DELAY, _LAST, _TRIGGER = 9, 6, 9, 9, 9, 12, 24
_WIDE, _WIDEST = 100, 150


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """Which columns one width has room for."""

    width: int
    with_share: bool
    with_last: bool
    trigger: int
    """Cells of the trigger column; 0: none."""

    @classmethod
    def for_width(cls, width: int) -> GroupLayout:
        """The layout of a pane with lines of ``width`` cells."""
        return cls(width, width >= _WIDE, width >= _WIDE, _TRIGGER if width >= _WIDEST else 0)

    @property
    def data_width(self) -> int:
        """Cells left for the value."""
        used = _COUNT + 1 + _RATE + 1 + _RESCUED + 1 + _DELAY + 1 + 2
        used += (_SHARE + 1) * self.with_share + (_LAST + 1) * self.with_last
        return max(self.width - used - (self.trigger + 1 if self.trigger else 0), 0)


def group_header(layout: GroupLayout, by: GroupSort) -> Line:
    """Names of the columns; the one that they are sorted by stands out."""
    cells: list[tuple[str, GroupSort | None]] = [(f"{'count':>{_COUNT}}", GroupSort.COUNT)]
    if layout.with_share:
        cells.append((f"{'share':>{_SHARE}}", None))
    cells += [
        (f"{'rate':>{_RATE}}", GroupSort.RATE),
        (f"{'rescued':>{_RESCUED}}", GroupSort.RESCUED),
        (f"{'max delay':>{_DELAY}}", GroupSort.DELAY),
    ]
    if layout.with_last:
        cells.append((f"{'last':<{_LAST}}", GroupSort.LAST))
    if layout.trigger:
        cells.append((f"{'trigger':<{layout.trigger}}", None))
    cells.append(("  value", GroupSort.VALUE))
    spans: list[Span] = []
    for name, column in cells:
        spans += [(name, "key" if column is by else "head"), (" ", "head")]
    return tuple(spans)


def group_line(
    group: Group, total: int, sources: Sources, layout: GroupLayout, glyphs: Glyphs
) -> Line:
    """One value in the columns of the layout."""
    event = group.event
    spans: list[Span] = [(f"{text.count(group.count, _COUNT):>{_COUNT}} ", "strong")]
    if layout.with_share:
        share = text.percent(group.count / total) if total else ""
        spans.append((f"{share:>{_SHARE}} ", "dim"))
    rate = text.rate(group.rate, glyphs.ascii_only)
    spans.append((f"{rate:>{_RATE}} ", "" if group.rate else "dim"))
    rescued = text.count(group.rescued, _RESCUED)
    spans.append((f"{rescued:>{_RESCUED}} ", "rescued" if group.rescued else "dim"))
    delay = text.duration(group.max_delay_ns or None, glyphs.ascii_only)
    spans.append((f"{delay:>{_DELAY}} ", ""))
    if layout.with_last:
        spans.append((text.wall_time(event.trigger_ns, sources.clock_offset_ns) + " ", "dim"))
    if layout.trigger:
        trigger = written_out(sources.trigger(event))
        spans.append((fit(trigger, layout.trigger, ellipsis=glyphs.ellipsis) + " ", "dim"))
    sign, role = mark(event, glyphs)
    spans.append((f"{sign} ", role))
    capture = sources.capture(event)
    function = function_of(event, read_of(capture), sources.names)
    if function:
        shown = written_out(function)
        spans.append((fit(shown, layout.data_width, ellipsis=glyphs.ellipsis), ""))
    else:
        spans += payload_spans(event, capture, layout.data_width, glyphs)
    return tuple(spans)


def others_line(others: int, missed: int, width: int, glyphs: Glyphs) -> Line:
    """The last row: what is not in the others."""
    parts = []
    if others:
        parts.append(f"{others:,} events of rarer values")
    if missed:
        parts.append(f"{missed:,} that left the view before they could be counted")
    shown = f"{text.count(others + missed, _COUNT):>{_COUNT}} others: {', '.join(parts)}"
    return ((fit(shown, width, ellipsis=glyphs.ellipsis), "dim"),)
