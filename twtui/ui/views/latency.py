"""The Latency pane: from schedule to callback, by power of two, both modes on one axis."""

from __future__ import annotations

from collections.abc import Mapping

from twtui.model.enums import Mode
from twtui.model.histogram import Histogram
from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line, Span, fit

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
_LABEL_WIDTH = 7
_CELL_WIDTH = 9
_TABLE_WIDTH = 3 + 2 * _CELL_WIDTH
_GAP = 2


def by_mode(snapshot: Snapshot) -> dict[Mode, Histogram]:
    """The histograms of all map kinds together, per mode."""
    merged = {mode: Histogram() for mode in Mode}
    for (_, mode), histogram in snapshot.latency.items():
        merged[mode] = merged[mode].merge(histogram)
    return merged


def bins(powers: Mapping[Mode, Mapping[int, int]], rows: int) -> tuple[range, int]:
    """Exponents at which bins start, and powers of two in a bin, so that they fit in ``rows``."""
    seen = sorted({exponent for counts in powers.values() for exponent in counts})
    if not seen or rows < 1:
        return range(0), 1
    step = 1
    while True:
        # Bins start at multiples of their size, so that they stay put when the range grows.
        first = seen[0] // step * step
        if (seen[-1] - first) // step < rows:
            return range(first, seen[-1] + 1, step), step
        step += 1


def _table(histograms: Mapping[Mode, Histogram], glyphs: Glyphs) -> list[Line]:
    bars = {Mode.RESUME: glyphs.resume_bar, Mode.SIGNAL: glyphs.signal_bar}
    head: list[Span] = [("   ", "")]
    for mode in Mode:
        head.append((f"{bars[mode]} {mode}".rjust(_CELL_WIDTH), str(mode)))
    lines: list[Line] = [tuple(head)]
    for name, share in _QUANTILES:
        cells: list[Span] = [(name, "head")]
        for mode in Mode:
            value = histograms[mode].quantile(share)
            shown = text.duration(value, glyphs.ascii_only)
            cells.append((shown.rjust(_CELL_WIDTH), "dim" if value is None else ""))
        lines.append(tuple(cells))
    counts: list[Span] = [("n  ", "head")]
    for mode in Mode:
        total = histograms[mode].total
        counts.append((text.count(total, _CELL_WIDTH - 1).rjust(_CELL_WIDTH), "dim"))
    lines.append(tuple(counts))
    return lines


def _bars(
    powers: Mapping[Mode, Mapping[int, int]], width: int, rows: int, glyphs: Glyphs
) -> list[Line]:
    starts, step = bins(powers, rows)
    totals = {mode: sum(counts.values()) for mode, counts in powers.items()}
    shares = [
        {
            mode: sum(counts.get(start + i, 0) for i in range(step)) / (totals[mode] or 1)
            for mode, counts in powers.items()
        }
        for start in starts
    ]
    percent_width = 7 if width >= 24 else 0
    room = width - _LABEL_WIDTH - 1 - percent_width
    top = max((sum(share.values()) for share in shares), default=0.0) or 1.0
    signs = {Mode.RESUME: glyphs.resume_bar, Mode.SIGNAL: glyphs.signal_bar}
    one_mode = sum(total > 0 for total in totals.values()) == 1
    lines: list[Line] = []
    for start, share in zip(starts, shares, strict=True):
        spans: list[Span] = [
            (fit(text.whole_duration(1 << start, glyphs.ascii_only), _LABEL_WIDTH, "right"), "dim"),
            (" ", ""),
        ]
        drawn = 0
        for mode, part in share.items():
            cells = max(1, round(part / top * room)) if part else 0
            cells = min(cells, room - drawn)
            # Beside another mode's bar only the mode's own sign tells whose share it is.
            small = one_mode and part / top * room < 0.5 and part
            spans.append((glyphs.sliver if small else signs[mode] * cells, str(mode)))
            drawn += cells
        spans.append((" " * (room - drawn), ""))
        if percent_width:
            # With two modes a bar is two shares, so that one number would mean neither.
            label = text.percent(sum(share.values())) if one_mode else ""
            spans.append((label.rjust(percent_width), "dim"))
        lines.append(tuple(spans))
    return lines


def latency_lines(snapshot: Snapshot, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Bars at the left, quantiles per mode at the right; exactly ``height`` lines or fewer."""
    histograms = by_mode(snapshot)
    powers = {mode: histogram.by_power() for mode, histogram in histograms.items()}
    bar_width = width - _TABLE_WIDTH - _GAP
    table = _table(histograms, glyphs)
    if bar_width < _LABEL_WIDTH + 6:
        return table[:height]
    bars = _bars(powers, bar_width, height, glyphs)
    if not bars:
        message = "no callback has run yet"
        bars = [((message[:bar_width].ljust(bar_width), "dim"),)]
    blank: Line = ((" " * bar_width, ""),)
    lines = []
    for index in range(min(max(len(bars), len(table)), height)):
        left = bars[index] if index < len(bars) else blank
        right = table[index] if index < len(table) else ()
        lines.append((*left, (" " * _GAP, ""), *right))
    return lines


def latency_title(snapshot: Snapshot, glyphs: Glyphs) -> str:
    """The pane's title; it says what a bar is when there are two modes."""
    both = len({mode for (_, mode), h in snapshot.latency.items() if h.counts}) > 1
    what = ", share of each mode" if both else ""
    return f"Latency {glyphs.separator} schedule to callback{what}"
