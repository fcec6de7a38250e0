"""The strip at the bottom: what the monitor itself loses and costs; and the key hints."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.keys import Key
from twtui.ui.lines import Line, Span, cut, join, line_width, spread

HINT_GAP = 2


def health_line(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    """Losses first, then costs; a legend of the signs where there is room."""
    health = snapshot.health
    mark = f"{glyphs.warning} " if health.dropped else ""
    bpf = ""
    if health.bpf_ns_per_event is not None:
        bpf = f"bpf {text.duration(health.bpf_ns_per_event, glyphs.ascii_only)}/run"
    parts: list[list[Span]] = [
        [(f"{mark}dropped {health.dropped:,}", "bad" if health.dropped else "dim")],
        [(f"not shown {health.skipped:,}", "dim")],
        [(f"backlog {text.size(health.backlog_bytes)}", "dim")],
        [(f"cpu {health.cpu_percent:.0f} %", "dim")],
        [(text.size(health.rss_bytes), "dim")],
    ]
    if bpf:
        parts.append([(bpf, "dim")])
    costs = join(parts, "   " if width >= 100 else "  ")
    legend: Line = (
        (f"{glyphs.rescued} ", "rescued"),
        ("rescued  ", "dim"),
        (f"{glyphs.kept} ", "warn"),
        ("kept  ", "dim"),
        (f"{glyphs.failed} ", "bad"),
        ("failed", "dim"),
    )
    if line_width(costs) + line_width(legend) + 3 > width:
        return cut(costs, width)
    return spread(costs, legend, width)


def fitting_keys(keys: Sequence[Key], width: int) -> list[Key]:
    """As many hints as fit, the least important left out first, the rest in the table's order."""
    chosen: list[Key] = []
    room = width
    for key in sorted(keys, key=lambda key: key.rank):
        cells = hint_width(key) + (HINT_GAP if chosen else 0)
        if cells <= room:
            chosen.append(key)
            room -= cells
    return [key for key in keys if key in chosen]


def hint_width(key: Key) -> int:
    """Cells of one hint."""
    return len(key.text) + 1 + len(key.label)


def key_line(keys: Sequence[Key]) -> Line:
    """The hints in one line."""
    return join([[(key.text, "key"), (f" {key.label}", "dim")] for key in keys], " " * HINT_GAP)
