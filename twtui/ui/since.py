"""Counting from 0 on the screen: a snapshot without what an earlier one had counted already."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from twtui.model.histogram import Histogram
from twtui.model.ledger import COUNTER_NAMES, NOW, Counters
from twtui.model.snapshot import Snapshot


def _minus(counters: Counters, earlier: Counters) -> Counters:
    parts = {
        name: getattr(counters, name) - (0 if name in NOW else getattr(earlier, name))
        for name in COUNTER_NAMES
    }
    # What was in flight then is scheduled now, as it will complete now; so that the sums still hold.
    for name in ("fired", "scheduled"):
        parts[name] += earlier.pending
    parts["fired"] += earlier.in_call
    errors = {
        name: count - earlier.errors.get(name, 0)
        for name, count in counters.errors.items()
        if count > earlier.errors.get(name, 0)
    }
    return Counters(
        **{name: max(value, 0) for name, value in parts.items()}, errors=MappingProxyType(errors)
    )


def since(snapshot: Snapshot, baseline: Snapshot) -> Snapshot:
    """The snapshot as if counting had begun with the baseline; what holds and what runs stays."""
    earlier = {row.row: row.counters for row in baseline.rows}
    rows = tuple(
        replace(row, counters=_minus(row.counters, earlier[row.row])) if row.row in earlier else row
        for row in snapshot.rows
    )
    total = Counters()
    for row in rows:
        total = total.plus(row.counters)
    none = Histogram()
    latency = {
        row: histogram.minus(baseline.latency.get(row, none))
        for row, histogram in snapshot.latency.items()
    }
    return replace(snapshot, rows=rows, total=total, latency=latency)
