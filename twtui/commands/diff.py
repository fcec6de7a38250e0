"""The diff command: two recordings side by side, their ledgers, delays and histograms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from twtui.commands import plain
from twtui.export import json_lines
from twtui.harmless import written_out
from twtui.json_text import indented
from twtui.model.histogram import Histogram
from twtui.model.ledger import COUNTER_NAMES, NOW
from twtui.model.snapshot import Snapshot
from twtui.ui.text import NO_VALUE, count, duration, whole_duration

_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HIDDEN = NOW | {"self_fired"}
"""At the end of a run they are 0, or of no interest to compare."""


def diff(names: tuple[str, str], finals: tuple[Snapshot, Snapshot], as_json: bool) -> str:
    """Both, side by side.

    Args:
        names: Of the recordings.
        finals: What they come to.
        as_json: One object, with the two under ``a`` and ``b``.
    """
    if as_json:
        made: dict[str, Any] = {}
        for key, name, final in zip("ab", names, finals, strict=True):
            made[key] = {"name": name, **json.loads(json_lines.summary(final))}
            del made[key]["type"]
        return indented(made)
    a, b = finals
    lines = [f"{key}  {written_out(name)}: {plain.opening(final)}, {duration(final.elapsed_ns)}"
             for key, name, final in zip("AB", names, finals, strict=True)]  # fmt: skip
    lines += [
        "",
        *plain.table(["counter", "A", "B", "change", "A /s", "B /s"], list(_counters(a, b))),
    ]
    delays = list(_delays(a, b))
    if delays:
        lines += ["", *plain.table(["delay", "A", "B", "change"], delays)]
    lines += _overlay(_merged(a), _merged(b))
    return "\n".join(lines) + "\n"


def _counters(a: Snapshot, b: Snapshot) -> Iterator[list[str]]:
    for name in COUNTER_NAMES:
        one, other = getattr(a.total, name), getattr(b.total, name)
        if (one or other) and (name not in _HIDDEN or one != other):
            rates = [_per_second(one, a), _per_second(other, b)]
            yield [name.replace("_", " "), count(one), count(other), _change(one, other), *rates]
    for name in sorted({*a.total.errors, *b.total.errors}):
        one, other = a.total.errors.get(name, 0), b.total.errors.get(name, 0)
        yield [written_out(name), count(one), count(other), _change(one, other), "", ""]


def _per_second(number: int, snapshot: Snapshot) -> str:
    seconds = snapshot.elapsed_ns / 1e9
    return f"{number / seconds:,.1f}" if seconds else NO_VALUE


def _change(one: float | None, other: float | None) -> str:
    if not one or other is None:
        return "new" if other else NO_VALUE
    share = (other - one) / one * 100
    return "=" if one == other else f"{share:+,.0f} %" if abs(share) >= 1 else f"{share:+.1f} %"


def _delays(a: Snapshot, b: Snapshot) -> Iterator[list[str]]:
    for row in dict.fromkeys((*a.latency, *b.latency)):
        one, other = a.latency.get(row, Histogram()), b.latency.get(row, Histogram())
        if not one.total and not other.total:
            continue
        for name, share in _SHARES.items():
            left, right = one.quantile(share), other.quantile(share)
            yield [
                f"{row[0]} {row[1]} {name}", duration(left), duration(right), _change(left, right),
            ]  # fmt: skip


def _merged(snapshot: Snapshot) -> Histogram:
    merged = Histogram()
    for histogram in snapshot.latency.values():
        merged = merged.merge(histogram)
    return merged


def _overlay(a: Histogram, b: Histogram) -> list[str]:
    """Both histograms on one axis, each by its share of the callbacks."""
    powers = {**a.by_power(), **b.by_power()}
    if not powers:
        return []
    left, right = a.by_power(), b.by_power()
    most = max(
        max(shares.values(), default=0) / (total or 1)
        for shares, total in ((left, a.total), (right, b.total))
    )
    rows = []
    for power in range(min(powers), max(powers) + 1):
        cells = [
            _bar(shares.get(power, 0) / (total or 1), most)
            for shares, total in ((left, a.total), (right, b.total))
        ]
        rows.append([f"{whole_duration(1 << power)}", *cells])
    head = ["from", "A".ljust(_BAR + 7), "B".ljust(_BAR + 7)]
    return ["", *plain.table(head, rows, 3)]


def _bar(share: float, most: float) -> str:
    if not share:
        return ""
    eighths = max(round(share / most * _BAR * 8), 1)
    bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return f"{bar} {share * 100:.1f} %"
