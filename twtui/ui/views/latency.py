"""The Latency pane: from schedule to callback, by power of two, by mode or by map kind on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from twtui.model.enums import MapKind, Mode
from twtui.model.histogram import Histogram
from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line, Span, fit

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
_LABEL_WIDTH = 7
_CELL_WIDTH = 9
_GAP = 2
_BOTH_FROM = 96
"""From this width on there are columns for the modes and for the map kinds."""


class Series(NamedTuple):
    """What one kind of bar and one column of the table stand for."""

    name: str
    sign: str
    role: str
    histogram: Histogram


def by_mode(snapshot: Snapshot, glyphs: Glyphs) -> list[Series]:
    """The histograms of all map kinds together, per mode."""
    signs = {Mode.RESUME: glyphs.resume_bar, Mode.SIGNAL: glyphs.signal_bar}
    merged = {mode: Histogram() for mode in Mode}
    for (_, mode), histogram in snapshot.latency.items():
        merged[mode] = merged[mode].merge(histogram)
    return [Series(str(mode), signs[mode], str(mode), merged[mode]) for mode in Mode]


def by_kind(snapshot: Snapshot, glyphs: Glyphs) -> list[Series]:
    """The histograms of both modes together, per map kind."""
    looks = {
        MapKind.HASH: (glyphs.resume_bar, "resume"),
        MapKind.ARRAY: (glyphs.signal_bar, "signal"),
        MapKind.LRU_HASH: (glyphs.third_bar, "good"),
    }
    merged = {kind: Histogram() for kind in MapKind}
    for (kind, _), histogram in snapshot.latency.items():
        merged[kind] = merged[kind].merge(histogram)
    return [Series(str(kind), *looks[kind], merged[kind]) for kind in MapKind]


def bins(powers: Sequence[Mapping[int, int]], rows: int) -> tuple[range, int]:
    """Exponents at which bins start, and powers of two in a bin, so that they fit in ``rows``."""
    seen = sorted({exponent for counts in powers for exponent in counts})
    if not seen or rows < 1:
        return range(0), 1
    step = 1
    while True:
        # Bins start at multiples of their size, so that they stay put when the range grows.
        first = seen[0] // step * step
        if (seen[-1] - first) // step < rows:
            return range(first, seen[-1] + 1, step), step
        step += 1


def _heads(columns: Sequence[Series], with_signs: bool) -> list[str]:
    """The columns' names, each as wide as its column; those whose bars are drawn have their sign."""
    names = [f"{one.sign} {one.name}" if with_signs else one.name for one in columns]
    return [name.rjust(max(_CELL_WIDTH, len(name) + 1)) for name in names]


def _table(columns: Sequence[Series], heads: Sequence[str], glyphs: Glyphs) -> list[Line]:
    head = [(name, column.role) for name, column in zip(heads, columns, strict=True)]
    lines: list[Line] = [(("   ", ""), *head)]
    for name, share in _QUANTILES:
        cells: list[Span] = [(name, "head")]
        for title, column in zip(heads, columns, strict=True):
            value = column.histogram.quantile(share)
            shown = text.duration(value, glyphs.ascii_only)
            cells.append((shown.rjust(len(title)), "dim" if value is None else ""))
        lines.append(tuple(cells))
    counts: list[Span] = [("n  ", "head")]
    for title, column in zip(heads, columns, strict=True):
        total = text.count(column.histogram.total, len(title) - 1)
        counts.append((total.rjust(len(title)), "dim"))
    return [*lines, tuple(counts)]


def _bars(series: Sequence[Series], width: int, rows: int, glyphs: Glyphs) -> list[Line]:
    powers = [one.histogram.by_power() for one in series]
    starts, step = bins(powers, rows)
    totals = [sum(counts.values()) for counts in powers]
    shares = [
        [
            sum(counts.get(start + i, 0) for i in range(step)) / (total or 1)
            for counts, total in zip(powers, totals, strict=True)
        ]
        for start in starts
    ]
    alone = sum(total > 0 for total in totals) == 1
    percent_width = 7 if width >= 24 else 0
    room = width - _LABEL_WIDTH - 1 - percent_width
    top = max(map(sum, shares), default=0.0) or 1.0
    lines: list[Line] = []
    for start, parts in zip(starts, shares, strict=True):
        label = text.whole_duration(1 << start, glyphs.ascii_only)
        spans: list[Span] = [(fit(label, _LABEL_WIDTH, "right"), "dim"), (" ", "")]
        drawn = 0
        for one, part in zip(series, parts, strict=True):
            cells = max(1, round(part / top * room)) if part else 0
            cells = min(cells, room - drawn)
            # Beside another bar only the sign tells whose share it is.
            small = alone and part / top * room < 0.5 and part
            spans.append((glyphs.sliver if small else one.sign * cells, one.role))
            drawn += cells
        spans.append((" " * (room - drawn), ""))
        if percent_width:
            # Of several series a bar is several shares, so that one number would mean none of them.
            shown = text.percent(sum(parts)) if alone else ""
            spans.append((shown.rjust(percent_width), "dim"))
        lines.append(tuple(spans))
    return lines


def latency_lines(
    snapshot: Snapshot, width: int, height: int, glyphs: Glyphs, kinds: bool = False
) -> list[Line]:
    """Bars at the left, quantiles at the right; exactly ``height`` lines or fewer.

    Args:
        snapshot: What to show.
        width: Cells of a line.
        height: Lines.
        glyphs: The signs to draw with.
        kinds: Compare map kinds rather than modes.
    """
    series = by_kind(snapshot, glyphs) if kinds else by_mode(snapshot, glyphs)
    columns = series
    if width >= _BOTH_FROM:
        columns = by_mode(snapshot, glyphs) + by_kind(snapshot, glyphs)
    heads = _heads(columns, columns is series)
    table = _table(columns, heads, glyphs)
    bar_width = width - (3 + sum(map(len, heads))) - _GAP
    if bar_width < _LABEL_WIDTH + 6:
        return table[:height]
    bars = _bars(series, bar_width, height, glyphs)
    if not bars:
        bars = [(("no callback has run yet"[:bar_width].ljust(bar_width), "dim"),)]
    blank: Line = ((" " * bar_width, ""),)
    lines = []
    for index in range(min(max(len(bars), len(table)), height)):
        left = bars[index] if index < len(bars) else blank
        right = table[index] if index < len(table) else ()
        lines.append((*left, (" " * _GAP, ""), *right))
    return lines


def latency_title(snapshot: Snapshot, glyphs: Glyphs, kinds: bool, key: str) -> str:
    """The pane's title; it says what a bar is when there are several, and how to see the other view."""
    parts = {(kind if kinds else mode) for (kind, mode), h in snapshot.latency.items() if h.counts}
    what = "map kind" if kinds else "mode"
    share = f", share of each {what}" if len(parts) > 1 else ""
    other = "by mode" if kinds else "by map kind"
    separator = glyphs.separator
    return f"Latency {separator} schedule to callback{share} {separator} {key} {other}"
