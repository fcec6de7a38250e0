"""The newest events of a run as one sequence over the runs in which they came; nothing is decoded early."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import overload

from twtui.model.event import Event

_SMALL = 512
"""Runs up to that many events together are put into one, so that there are never many."""


class EventWindow(Sequence[Event]):
    """Immutable; adding makes a new one that shares the runs."""

    __slots__ = ("_ends", "_runs", "_skipped")

    def __init__(self, runs: tuple[Sequence[Event], ...] = (), skipped: int = 0) -> None:
        self._runs = runs
        self._skipped = skipped
        self._ends = list(accumulate(map(len, runs)))

    def with_events(self, events: Sequence[Event], most: int) -> EventWindow:
        """This window with newer events behind it, without the oldest beyond ``most``."""
        runs = self._runs
        if runs and len(runs[-1]) + len(events) <= _SMALL:
            runs = (*runs[:-1], (*runs[-1], *events))
        else:
            runs = (*runs, events)
        surplus = sum(map(len, runs)) - self._skipped - most
        skipped = self._skipped + max(surplus, 0)
        first = 0
        while first < len(runs) and skipped >= len(runs[first]):
            skipped -= len(runs[first])
            first += 1
        return EventWindow(runs[first:], skipped)

    def __len__(self) -> int:
        return self._ends[-1] - self._skipped if self._ends else 0

    def __iter__(self) -> Iterator[Event]:
        return self._between(0, len(self))

    def _between(self, start: int, stop: int) -> Iterator[Event]:
        """Events from one place to another; only these are made."""
        at, end = start + self._skipped, stop + self._skipped
        number = bisect_right(self._ends, at)
        while at < end:
            run, run_end = self._runs[number], self._ends[number]
            begin = run_end - len(run)
            whole = at == begin and end >= run_end
            yield from run if whole else run[at - begin : end - begin]
            at, number = run_end, number + 1

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return tuple(self._between(start, max(start, stop)))
            return tuple(self[number] for number in range(start, stop, step))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError("no such event in the window")
        at += self._skipped
        number = bisect_right(self._ends, at)
        return self._runs[number][at - self._ends[number]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<EventWindow of {len(self)}>"
