"""When the events of a window were taken from the ring buffer: a time for each batch they came in."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple, Self

UNKNOWN_NS = 0
"""Stands for events that a jump in a recording has brought, from batches that were not read."""


class Arrivals(NamedTuple):
    """Immutable; adding makes a new one."""

    batches: tuple[tuple[int, int], ...] = ()
    """Number of the last event of a batch, and the batch's time (CLOCK_MONOTONIC, ns); oldest first."""

    def with_batch(self, last: int, at_ns: int, first: int) -> Self:
        """These and a newer batch, without those from before the first event that is still there."""
        gone = bisect_left(self.batches, (first, 0))
        return type(self)((*self.batches[gone:], (last, at_ns)))

    def of(self, number: int) -> int | None:
        """When the event with a number was taken, CLOCK_MONOTONIC, ns; None when that is not known."""
        at = bisect_left(self.batches, (number, 0))
        if at == len(self.batches) or self.batches[at][1] == UNKNOWN_NS:
            return None
        return self.batches[at][1]
