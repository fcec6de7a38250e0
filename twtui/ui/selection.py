"""The events that a filter lets through, by number; each event is judged once, however often it is drawn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot

EVERYTHING = Filter("", lambda *_: True)
SLICE = 400
"""Events that are looked at in one go where keys must not wait for all of a window."""


class Selection:
    """A window of a run's events, and which of them match. Events are numbered from 1 by the run.

    With ``most`` a window is judged bit by bit: matches are those among the events judged so far,
    and ``judge`` goes on with the rest.
    """

    def __init__(self) -> None:
        self.filter = EVERYTHING
        self._events: Sequence[Event] = ()
        self._first = 1
        self._captures: tuple[str, ...] = ()
        self._triggers: tuple[str, ...] = ()
        self._names: Mapping[tuple[int, int], str] = MappingProxyType({})
        self._matching: list[int] = []
        self._judged = 0
        """Number of the last event that was judged."""

    @property
    def count(self) -> int:
        """Events in the window that match."""
        return len(self.numbers)

    @property
    def window(self) -> int:
        """Events in the window."""
        return len(self._events)

    @property
    def first(self) -> int:
        """Number of the first event in the window."""
        return self._first

    @property
    def judged(self) -> int:
        """Number of the last event that was judged."""
        return self._judged if self.filter else self._last

    @property
    def behind(self) -> int:
        """Events in the window that are still to be judged."""
        return max(self._last - max(self._judged, self._first - 1), 0) if self.filter else 0

    @property
    def _last(self) -> int:
        return self._first + len(self._events) - 1

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of the events that match, in order."""
        return self._matching if self.filter else range(self._first, self._last + 1)

    def event(self, number: int) -> Event:
        """The event with a number that is in the window."""
        return self._events[number - self._first]

    def between(self, after: int, last: int) -> Iterator[tuple[int, Event]]:
        """Matches whose numbers come after one and not after another, with these numbers."""
        if not self.filter:
            start = max(after + 1, self._first)
            places = slice(start - self._first, max(last + 1 - self._first, 0))
            yield from enumerate(self._events[places], start)
            return
        for number in self._matching[self.index_of(after + 1) : self.index_of(last + 1)]:
            yield number, self.event(number)

    def events(self) -> list[Event]:
        """All that match, in order."""
        return [event for _, event in self.between(0, self._last)]

    def index_of(self, number: int) -> int:
        """The place of the first match that has this number or a later one."""
        return bisect_left(self.numbers, number)

    def set_filter(self, wanted: Filter, most: int | None = None) -> None:
        """Judge the window anew, or at most some events of it."""
        if wanted != self.filter:
            self.filter = wanted
            self._matching, self._judged = [], 0
            self.judge(most)

    def take(self, snapshot: Snapshot, most: int | None = None) -> None:
        """Go on to another window; a smaller number of events means another run."""
        if snapshot.events_seen < self._last:
            self._matching, self._judged = [], 0
        self._events = snapshot.events
        self._first = snapshot.events_seen - len(snapshot.events) + 1
        self._captures, self._triggers = snapshot.captures, snapshot.triggers
        self._names = snapshot.names
        del self._matching[: bisect_left(self._matching, self._first)]
        self.judge(most)

    def judge(self, most: int | None = None) -> None:
        """Judge what is left of the window, or at most some events of it."""
        if not self.filter:
            return
        start = max(self._judged + 1, self._first)
        end = self._last + 1 if most is None else min(start + most, self._last + 1)
        matches, names = self.filter.matches, self._names
        triggers, captures = self._triggers, self._captures
        known = min(len(triggers), len(captures))
        keep = self._matching.append
        at = start - self._first
        for number, event in enumerate(self._events[at : end - self._first], start):
            index = event.capture
            if index < known:
                wanted = matches(event, triggers[index], captures[index], names)
            else:
                wanted = matches(event, "", "", names)
            if wanted:
                keep(number)
        self._judged = max(end - 1, self._judged)
