"""The Callbacks pane: a row of the ledger per map kind and mode, its graph, and the sum that must hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from twtui.model.enums import Mode, RunState, TargetState
from twtui.model.ledger import Counters
from twtui.model.snapshot import LedgerRow, Rates, Snapshot
from twtui.ui import text
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line, Span, cut, fit
from twtui.ui.offered import offered

_NAME_WIDTH, _MODE_WIDTH, _RATE_WIDTH = 8, 6, 9
_GRAPH_MIN, _GRAPH_MAX = 10, 60
_STUCK_SECONDS = 2
_WIDE, _GROWTH = 110, 2
_WIDE_WITH_NOT_NEEDED = 125


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    value: Callable[[Counters], int]
    rank: int
    """Columns of a higher rank are left out first."""
    alarming: bool = False
    """Anything but zero deserves a look."""
    grows: bool = False
    """Wider where there is room, so that large numbers are shown in full."""


_FIRED = _Column("fired", 9, lambda c: c.fired, 1, grows=True)
_NOT_NEEDED = _Column("not needed", 10, lambda c: c.not_needed, 6)
_COLUMNS = (
    _FIRED,
    _Column("scheduled", 9, lambda c: c.scheduled, 0, grows=True),
    _Column("completed", 9, lambda c: c.completed, 0, grows=True),
    _Column("pending", 7, lambda c: c.pending, 0),
    _Column("cancelled", 9, lambda c: c.cancelled, 0, alarming=True),
    _Column("lost", 6, lambda c: c.lost, 0, alarming=True),
    _Column("failed", 6, lambda c: c.failed, 1, alarming=True),
    _Column("busy", 7, lambda c: c.busy, 3, alarming=True),
    _Column("no slot", 7, lambda c: c.no_slot, 5, alarming=True),
    _Column("rejected", 8, lambda c: c.rejected, 5, alarming=True),
    _Column("missed", 7, lambda c: c.missed, 6, alarming=True),
    _NOT_NEEDED,
)


def _ranked(column: _Column, rows: Sequence[LedgerRow]) -> _Column:
    """A column where some callbacks were not needed: it explains where the fired ones went."""
    if column in (_NOT_NEEDED, _FIRED):
        return replace(column, rank=-1)
    if column.alarming and not any(column.value(row.counters) for row in rows):
        return replace(column, rank=max(column.rank, 1))
    return column


def _columns(width: int, rows: Sequence[LedgerRow]) -> tuple[tuple[_Column, ...], int]:
    """The columns that fit, and what is left for graph and rate."""
    fixed = _NAME_WIDTH + 1 + _MODE_WIDTH
    chosen: list[_Column] = []
    room = width - fixed
    every: tuple[_Column, ...] = _COLUMNS
    wide = _WIDE
    if any(_NOT_NEEDED.value(row.counters) for row in rows):
        every, wide = tuple(_ranked(column, rows) for column in every), _WIDE_WITH_NOT_NEEDED
    if width >= wide:
        every = tuple(
            replace(column, width=column.width + _GROWTH) if column.grows else column
            for column in every
        )
    for column in sorted(every, key=lambda column: column.rank):
        # From the third rank on a column must leave room for the graph and the rate.
        reserve = _RATE_WIDTH + 2 + 24 if column.rank >= 3 else 0
        if column.width + 1 + reserve <= room:
            chosen.append(column)
            room -= column.width + 1
    return tuple(column for column in every if column in chosen), room


def graph(history: Sequence[Rates], width: int, glyphs: Glyphs, role: str) -> list[Span]:
    """Scheduled or not needed per second as a bar each; marked where less completed than was scheduled."""
    newest = history[-width:]
    bars = [second.scheduled + second.not_needed for second in newest]
    top = max(bars, default=0.0) or 1.0
    steps = len(glyphs.levels) - 1
    spans: list[Span] = [(" " * (width - len(newest)), "")]
    for second, bar in zip(newest, bars, strict=True):
        level = max(1, round(bar / top * steps)) if bar > 0 else 0
        # A second's edge cuts through flights, so only a gap of a tenth says something.
        behind = second.scheduled > 0 and second.completed < 0.9 * second.scheduled
        spans.append((glyphs.levels[level], "behind" if behind else role))
    merged: list[Span] = []
    for sign, sign_role in spans:
        if merged and merged[-1][1] == sign_role:
            merged[-1] = (merged[-1][0] + sign, sign_role)
        else:
            merged.append((sign, sign_role))
    return [span for span in merged if span[0]]


def _graph_widths(room: int) -> tuple[int, bool]:
    """Cells of the graph, and whether the rate fits beside it."""
    with_rate = room - _RATE_WIDTH - 2
    if with_rate - 2 >= _GRAPH_MIN:
        return min(with_rate - 2, _GRAPH_MAX), True
    return 0, room >= _RATE_WIDTH + 2


def _header(columns: Sequence[_Column], graph_width: int, with_rate: bool) -> Line:
    names = f"{'map':<{_NAME_WIDTH}} {'mode':<{_MODE_WIDTH}}"
    cells = "".join(f" {column.title:>{column.width}}" for column in columns)
    tail = ""
    if graph_width:
        seconds = f"last {graph_width} s"
        tail += f"  {seconds:>{graph_width}}"
    if with_rate:
        tail += f"  {'rate':>{_RATE_WIDTH}}"
    return ((names + cells + tail, "head"),)


def _row(
    row: LedgerRow,
    columns: Sequence[_Column],
    graph_width: int,
    with_rate: bool,
    active: bool,
    glyphs: Glyphs,
) -> Line:
    kind, mode = row.row
    spans: list[Span] = [
        (f"{kind:<{_NAME_WIDTH}} ", "strong" if active else "dim"),
        (f"{mode:<{_MODE_WIDTH}}", str(mode)),
    ]
    for column in columns:
        value = column.value(row.counters)
        role = "dim" if not value else "warn" if column.alarming else ""
        spans.append((f" {text.count(value, column.width):>{column.width}}", role))
    if graph_width:
        spans.append(("  ", ""))
        spans.extend(graph(row.history, graph_width, glyphs, str(mode)))
    if with_rate:
        read = row.rates.completed + row.rates.not_needed
        spans.append((f"  {text.rate(read):>{_RATE_WIDTH}}", ""))
    return tuple(spans)


def sum_line(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    """The main sum with its numbers, or the first sum that does not add up."""
    broken = snapshot.broken
    if broken:
        more = f" (and {text.plural(len(broken) - 1, 'more sum')})" if len(broken) > 1 else ""
        detail = broken[0].detail.replace(UNICODE.unequal, glyphs.unequal)
        return cut(((f"{glyphs.broken} {detail}{more}", "bad"),), width)
    total = snapshot.total
    accounted = total.completed + total.pending + total.cancelled + total.lost
    exact = accounted == total.scheduled
    line: list[Span] = [
        (f"{glyphs.holds} ", "good"),
        (f"scheduled {total.scheduled:,} {'=' if exact else glyphs.approximately} ", "good"),
        (f"completed {total.completed:,} + pending {total.pending:,}", "good"),
        (f" + cancelled {total.cancelled:,} + lost {total.lost:,}", "good"),
    ]
    moving = total.scheduled - accounted
    if not exact:
        line.append((f"  ({abs(moving):,} moved during the reading)", "dim"))
    return cut(tuple(line), width)


def callbacks_lines(
    snapshot: Snapshot, width: int, glyphs: Glyphs, active: frozenset[str]
) -> list[Line]:
    """Header, a line per row, the sum.

    Args:
        snapshot: What to show.
        width: Cells of a line.
        glyphs: The signs to draw with.
        active: The map kinds that schedule now; the rows of the others are dimmed.
    """
    columns, room = _columns(width, snapshot.rows)
    graph_width, with_rate = _graph_widths(room)
    lines: list[Line] = [_header(columns, graph_width, with_rate)]
    for row in snapshot.rows:
        lines.append(_row(row, columns, graph_width, with_rate, row.row[0] in active, glyphs))
    if not snapshot.rows:
        lines.append(((fit("nothing counted yet", width), "dim"),))
    lines.append(sum_line(snapshot, width, glyphs))
    return lines


def waiting(snapshot: Snapshot) -> int:
    """Callbacks in resume mode that wait although none has completed for some seconds."""
    if snapshot.state is not RunState.LIVE:
        return 0
    stuck = 0
    for row in snapshot.rows:
        recent = row.history[-_STUCK_SECONDS:]
        idle = len(recent) == _STUCK_SECONDS and not any(second.completed for second in recent)
        if row.row[1] is Mode.RESUME and row.counters.pending and idle:
            stuck += row.counters.pending
    return stuck


def _fires(row: LedgerRow) -> bool:
    return any(second.fired for second in (*row.history[-_STUCK_SECONDS:], row.rates))


def _advice(snapshot: Snapshot, keys: KeyMap) -> str:
    """What a person has to know about the targets; empty when all is as it should be."""
    stuck = waiting(snapshot)
    states = {view.state for view in snapshot.targets if not view.state.has_ended}
    if states == {TargetState.STOPPED} and snapshot.state is RunState.LIVE:
        return "the target is stopped: callbacks run when it goes on"
    if states == {TargetState.TRACED} and snapshot.state is RunState.LIVE:
        return "a debugger holds the target: callbacks run when it lets go"
    if stuck and states == {TargetState.BLOCKED}:
        return f"{stuck:,} pending: the target cannot be woken; they run when its call returns"
    if stuck and snapshot.mode is Mode.RESUME:
        key = keys.text("mode")
        way_out = f"; {key} = signal mode, or wait" if key else ""
        return f"{stuck:,} pending: target sleeps in the kernel{way_out}"
    if snapshot.state is not RunState.LIVE or not snapshot.targets:
        return ""
    if not states:
        return "every target has ended; these numbers stay"
    if states == {TargetState.SLEEPING} and not any(map(_fires, snapshot.rows)):
        key = keys.text("probe")
        return f"the target sleeps, so nothing triggers{f'; {key} = probe it now' if key else ''}"
    return ""


def callbacks_title(
    snapshot: Snapshot, glyphs: Glyphs, since_ns: int | None = None, keys: KeyMap = AS_SHIPPED
) -> Span:
    """The pane's title; where a person has to do something, it says what."""
    title = "Callbacks"
    if since_ns is not None:
        title += f" {glyphs.separator} since {text.stopwatch(since_ns)}"
    advice = _advice(snapshot, offered(keys, snapshot))
    return (f"{title} {glyphs.warning} {advice}", "warn") if advice else (title, "")
