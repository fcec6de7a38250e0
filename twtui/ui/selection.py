"""The events that a filter lets through, by number; each event is judged once, however often it is drawn."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot

EVERYTHING = Filter("", lambda *_: True)


class Selection:
    """A window of a run's events, and which of them match. Events are numbered from 1 by the run."""

    def __init__(self) -> None:
        self.filter = EVERYTHING
        self._events: Sequence[Event] = ()
        self._first = 1
        self._captures: tuple[str, ...] = ()
        self._triggers: tuple[str, ...] = ()
        self._numbers: Sequence[int] = range(1, 1)
        self._judged = 0
        """Number of the last event that was judged."""

    @property
    def count(self) -> int:
        """Events in the window that match."""
        return len(self._numbers)

    @property
    def window(self) -> int:
        """Events in the window."""
        return len(self._events)

    @property
    def first(self) -> int:
        """Number of the first event in the window."""
        return self._first

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of the events that match, in order."""
        return self._numbers

    def event(self, number: int) -> Event:
        """The event with a number that is in the window."""
        return self._events[number - self._first]

    def events(self) -> list[Event]:
        """All that match, in order."""
        return [self.event(number) for number in self._numbers]

    def index_of(self, number: int) -> int:
        """The place of the first match that has this number or a later one."""
        return bisect_left(self._numbers, number)

    def set_filter(self, wanted: Filter) -> None:
        """Judge the whole window anew."""
        if wanted != self.filter:
            self.filter = wanted
            self._numbers, self._judged = [], 0
            self._judge()

    def take(self, snapshot: Snapshot) -> None:
        """Go on to another window; a smaller number of events means another run."""
        if snapshot.events_seen < self._judged:
            self._numbers, self._judged = [], 0
        self._events = snapshot.events
        self._first = snapshot.events_seen - len(snapshot.events) + 1
        self._captures, self._triggers = snapshot.captures, snapshot.triggers
        self._judge()

    def _judge(self) -> None:
        end = self._first + len(self._events)
        if not self.filter:
            self._numbers, self._judged = range(self._first, end), end - 1
            return
        kept = list(self._numbers)
        del kept[: bisect_left(kept, self._first)]
        start = max(self._judged + 1, self._first)
        matches = self.filter.matches
        triggers, captures = self._triggers, self._captures
        known = min(len(triggers), len(captures))
        for number, event in enumerate(self._events[start - self._first :], start):
            index = event.capture
            if index < known:
                wanted = matches(event, triggers[index], captures[index])
            else:
                wanted = matches(event, "", "")
            if wanted:
                kept.append(number)
        self._numbers, self._judged = kept, max(end - 1, 0)
