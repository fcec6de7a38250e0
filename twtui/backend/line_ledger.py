"""A ledger counted from events alone, for JSON Lines that bring no readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from twtui.backend.line_values import counters_by_row
from twtui.model.batch import Reading
from twtui.model.enums import EventFlag, TargetState
from twtui.model.event import NOT_TRIED, Event, read_outcome
from twtui.model.histogram import Histogram, bucket_of
from twtui.model.ledger import Counters, Row
from twtui.model.plan import Plan
from twtui.model.snapshot import TargetView


class LineLedger:
    """What has come so far, as if nothing had been lost on the way: only the summary knows better."""

    def __init__(self, plan: Plan) -> None:
        self._counts: dict[Row, Counter[str]] = {}
        self._errors: dict[Row, Counter[str]] = {}
        self._latency: dict[Row, Counter[int]] = {}
        self._targets = tuple(
            TargetView(target.pid, target.name, 0, TargetState.RUNNING) for target in plan.targets
        )

    def add(self, event: Event) -> None:
        """Count one event."""
        row = (event.map_kind, event.mode)
        counts = self._counts.setdefault(row, Counter())
        names = ["fired", "emitted", _outcome("nofault", event.nofault)]
        delay_ns = event.delay_ns
        if delay_ns is None:
            names.append("not_needed")
        else:
            names += ["scheduled", "completed", _outcome("read", event.result)]
            self._latency.setdefault(row, Counter())[bucket_of(delay_ns)] += 1
            if event.result < 0 and event.result != NOT_TRIED:
                self._errors.setdefault(row, Counter())[read_outcome(event.result) or ""] += 1
        if event.rescued:
            names.append("rescued")
        if event.flags & EventFlag.TRUNCATED and not event.flags & EventFlag.KEPT:
            names.append("truncated")
        counts.update(names)

    def reading(self) -> Reading:
        """The ledger so far."""
        return Reading(
            ledger={
                row: Counters(**counts, errors=MappingProxyType(dict(self._errors.get(row, {}))))
                for row, counts in self._counts.items()
            },
            latency={row: Histogram(dict(counts)) for row, counts in self._latency.items()},
            targets=self._targets,
        )

    def final(self, summary: Mapping[str, Any]) -> Reading:
        """The ledger of the summary, which also counts what made no event.

        Raises:
            KeyError, TypeError, ValueError: It is no summary.
        """
        known = self.reading()
        if "ledger" not in summary:
            return known
        return Reading(counters_by_row(summary["ledger"]), known.latency, known.targets, quiet=True)


def _outcome(read: str, result: int) -> str:
    if result == NOT_TRIED:
        return f"{read}_none"
    return f"{read}_ok" if result >= 0 else f"{read}_fault"
