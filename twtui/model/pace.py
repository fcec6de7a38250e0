"""Rates and the one-second history of every row, from nothing but cumulative readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twtui.model.ledger import Counters, Row
from twtui.model.snapshot import Rates

SECOND_NS = 1_000_000_000
HISTORY_SECONDS = 60
_NONE = Counters()
_CLOSEST_NS = SECOND_NS // 20
"""Readings closer than this replace each other, so that a fast source cannot grow the window."""


@dataclass(frozen=True, slots=True)
class _Mark:
    at_ns: int
    ledger: Mapping[Row, Counters]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast every row counts. Rates span about the last second, so that 99 Hz reads as 99."""

    recent: tuple[_Mark, ...]
    """The readings of the last second and the one before, oldest first."""
    second: _Mark
    """The reading at the end of the last whole second of the history."""
    history: Mapping[Row, tuple[Rates, ...]] = field(default_factory=dict)

    @classmethod
    def starting(cls, at_ns: int, ledger: Mapping[Row, Counters] | None = None) -> Pace:
        """The pace when the triggers are attached and everything is still 0, or from a ledger on."""
        mark = _Mark(at_ns, ledger or {})
        return cls((mark,), mark)

    def after(self, at_ns: int, ledger: Mapping[Row, Counters]) -> Pace:
        """The pace after one more reading; one that is not newer than the last changes nothing."""
        if at_ns <= self.recent[-1].at_ns:
            return self
        mark = _Mark(at_ns, ledger)
        kept = self.recent
        if len(kept) > 1 and kept[-1].at_ns - kept[-2].at_ns < _CLOSEST_NS:
            kept = kept[:-1]
        while len(kept) > 1 and kept[1].at_ns <= at_ns - SECOND_NS:
            kept = kept[1:]
        return replace(self._with_seconds(mark), recent=(*kept, mark))

    def _with_seconds(self, mark: _Mark) -> Pace:
        seconds = (mark.at_ns - self.second.at_ns) // SECOND_NS
        if not seconds:
            return self
        history = dict(self.history)
        for row in mark.ledger:
            rates = _rates(self.second, mark, row)
            # a gap without readings is filled with its average, so that the graph keeps its scale
            new = (rates,) * min(seconds, HISTORY_SECONDS)
            history[row] = (*history.get(row, ()), *new)[-HISTORY_SECONDS:]
        return replace(self, second=mark, history=history)

    def rates(self, row: Row) -> Rates:
        """Per second, over the last second or what there is of it."""
        return _rates(self.recent[0], self.recent[-1], row)


def _rates(earlier: _Mark, later: _Mark, row: Row) -> Rates:
    seconds = (later.at_ns - earlier.at_ns) / SECOND_NS
    if seconds <= 0:
        return Rates()
    before, now = earlier.ledger.get(row, _NONE), later.ledger.get(row, _NONE)
    return Rates(
        fired=max(now.fired - before.fired, 0) / seconds,
        scheduled=max(now.scheduled - before.scheduled, 0) / seconds,
        completed=max(now.completed - before.completed, 0) / seconds,
        not_needed=max(now.not_needed - before.not_needed, 0) / seconds,
    )
