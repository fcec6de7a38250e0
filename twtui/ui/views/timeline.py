"""The times of one event as a small drawing: trigger, callback, and when its record was taken."""

from __future__ import annotations

from typing import NamedTuple

from twtui.model.event import Event
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line, Span, fit
from twtui.ui.views.captured import Sources

DRAWN_FROM = 64
"""Cells that the drawing needs; below there are lines of text."""
_LAST = 18
"""Cells of the last point's texts."""
_LONGEST = 36
_CLOCK_DIGITS = 6


class _Point(NamedTuple):
    name: str
    at_ns: int
    where: str


def _points(event: Event, arrived_ns: int | None) -> list[_Point]:
    points = [_Point("trigger", event.trigger_ns, f"CPU {event.trigger_cpu}")]
    if event.delay_ns is not None:
        points[0] = points[0]._replace(name="trigger, scheduled")
        points.append(_Point("callback ran", event.ran_ns, f"CPU {event.ran_cpu}"))
    if arrived_ns is not None and arrived_ns >= points[-1].at_ns:
        points.append(_Point("delivered", arrived_ns, "from the ring"))
    return points


def timeline_lines(
    event: Event, sources: Sources, arrived_ns: int | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """Names, the line with the delays on it, times, and CPUs.

    Args:
        event: What to show.
        sources: What its numbers refer to.
        arrived_ns: When its record was taken from the ring buffer, CLOCK_MONOTONIC; None when that
            is not known.
        width: Cells of a line, at least ``DRAWN_FROM``.
        glyphs: The signs to draw with.
    """
    points = _points(event, arrived_ns)
    gaps = len(points) - 1
    cells = min((width - 2 - _LAST) // gaps, _LONGEST) if gaps else 0
    names: list[Span] = [("  ", "")]
    drawing: list[Span] = [("  ", "")]
    clocks: list[Span] = [("  ", "")]
    places: list[Span] = [("  ", "")]
    for index, point in enumerate(points):
        room = cells if index < gaps else _LAST
        clock = text.wall_time(point.at_ns, sources.clock_offset_ns, _CLOCK_DIGITS)
        names.append((fit(point.name, room, ellipsis=glyphs.ellipsis), "head"))
        clocks.append((fit(clock, room), ""))
        places.append((fit(point.where, room), "dim"))
        drawing.append((glyphs.live, str(event.mode)))
        if index < gaps:
            delay = text.duration(points[index + 1].at_ns - point.at_ns, glyphs.ascii_only)
            label = f" {delay} "
            line = glyphs.line * (cells - 2 - len(label))
            half = len(line) // 2
            drawing += [
                (line[:half], "dim"),
                (label, "strong"),
                (line[half:] + glyphs.arrow, "dim"),
            ]
    return [tuple(names), tuple(drawing), tuple(clocks), tuple(places)]
