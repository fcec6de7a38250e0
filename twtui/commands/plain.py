"""A run as plain text: a line per event, and at its end the ledger, the latency and the invariants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from twtui.export.json_lines import captured_bytes, captured_length
from twtui.harmless import written_out
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import Names, stack_text
from twtui.model.display import display_text
from twtui.model.enums import EventFlag
from twtui.model.event import Event, read_outcome
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.ui.escape import escape_bytes
from twtui.ui.text import count, duration, wall_time

_COLUMNS = (
    "fired not_needed in_call scheduled completed pending cancelled lost busy no_slot rejected missed dropped "
    "rescued truncated"
).split()
_ALWAYS = ("fired", "scheduled", "completed", "pending", "cancelled", "lost", "dropped")


def event_line(
    item: Event,
    captures: Mapping[int, tuple[str, str]],
    info: BackendInfo,
    with_data: bool = True,
    names: Names = MappingProxyType({}),
) -> str:
    """One event: time, thread, map kind, mode, delay, and what was read."""
    delay = duration(item.delay_ns)
    mark = "◆" if item.rescued else " "
    head = (
        f"{wall_time(item.trigger_ns, info.clock_offset_ns)} {item.tid:>7} "
        f"{escape_bytes(item.comm):<15} {item.map_kind:<8} {item.mode:<6} {delay:>7}"
    )
    text = f"{head} {mark} {_content(item, captures, with_data, names)}"
    return text.rstrip()


def _content(
    item: Event, captures: Mapping[int, tuple[str, str]], with_data: bool, names: Names
) -> str:
    read = read_of(captures.get(item.capture, ("", "none"))[1])
    data = captured_bytes(item, read)
    words = []
    if data is None:
        words.append(read_outcome(item.result) or read_outcome(item.nofault) or "")
    elif not with_data or item.withheld_bytes:
        words.append(f"{count(captured_length(item, data))} bytes")
    elif (number := decode_number(read, data)) is not None:
        words.append(f"{number} ({number & (1 << 64) - 1:#x})")
    elif (text := display_text(data, read) or stack_text(item, read, names)) is not None:
        return written_out(text)
    elif read is not Read.NONE:
        words.append(f'"{escape_bytes(data)}"')
    if item.truncated:
        words.append(f"(cut, had {count(item.wanted_bytes)})" if item.wanted_bytes else "(cut)")
    if item.flags & EventFlag.GONE:
        words.append("(memory gone)")
    return " ".join(words)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Aligned columns, two spaces apart: the first ``left`` to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def summary_lines(snapshot: Snapshot) -> list[str]:
    """The end of a run."""
    total = snapshot.total
    columns = [name for name in _COLUMNS if name in _ALWAYS or getattr(total, name)]
    ledger = [
        [*row.row, *(count(getattr(row.counters, name)) for name in columns)]
        for row in snapshot.rows
    ]
    lines = ["", *table(["map", "mode", *(name.replace("_", " ") for name in columns)], ledger, 2)]
    latency = [
        [*row, *(duration(histogram.quantile(share)) for share in (0.5, 0.9, 0.99, 1.0))]
        for row, histogram in snapshot.latency.items()
        if histogram.total
    ]
    if latency:
        lines += ["", *table(["map", "mode", "p50", "p90", "p99", "max"], latency, 2)]
    errors = [f"{written_out(name)} {count(number)}" for name, number in total.errors.items()]
    if errors:
        lines += ["", "errors: " + ", ".join(errors)]
    lines.append("")
    for invariant in snapshot.invariants:
        lines.append(f"{'✓' if invariant.holds else '✗'} {invariant.name}")
        if not invariant.holds:
            lines.append(f"    {invariant.detail}")
    if snapshot.error:
        lines.append(f"failed: {written_out(snapshot.error)}")
    return lines


def opening(snapshot: Snapshot) -> str:
    """What is being watched, in one line."""
    plan = snapshot.plan
    targets = ", ".join(f"{t.pid} {written_out(t.name)}".strip() for t in plan.targets[:3])
    more = len(plan.targets) - 3
    if more > 0:
        targets += f" and {more} more"
    first, *others = plan.watches
    watches = written_out(f"{first.trigger.label} {first.capture}")
    if others:
        watches += f" and {len(others)} more"
    return f"watching {targets}: {watches}, {plan.mode}, {' '.join(plan.map_kinds)}"
