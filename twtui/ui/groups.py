"""Events grouped by their value: counts and rates in bounded memory, each event looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any

from twtui.model.capture import Read, read_of
from twtui.model.content import function_of
from twtui.model.enums import EventFlag
from twtui.model.event import Event

MAX_GROUPS = 2000
"""Values that are told apart at a time; the rarest half goes to the others when there are more."""
_RATE_SECONDS = 2.0
_OF_FUNCTIONS = (Read.STACK, Read.PYTHON)

Names = Mapping[tuple[int, int], str]
Key = tuple[int, bytes]
"""Capture and value; of a stack, its newest function."""


class GroupSort(StrEnum):
    """Columns that groups can be sorted by."""

    COUNT = "count"
    RATE = "rate"
    RESCUED = "rescued"
    DELAY = "max delay"
    LAST = "last"
    VALUE = "value"

    @property
    def following(self) -> GroupSort:
        """The next one in turn."""
        every = tuple(GroupSort)
        return every[(every.index(self) + 1) % len(every)]


@dataclass(slots=True)
class Group:
    """One value. Counts are since the grouping began."""

    key: Key
    event: Event
    """The newest one."""
    number: int
    """Its number in the run."""
    count: int = 0
    rescued: int = 0
    failed: int = 0
    max_delay_ns: int = 0
    rate: float | None = None
    """Events a second; None until it has been counted for long enough."""
    counted: int = 0
    """``count`` when the rate was last worked out."""


def key_of(event: Event, read: Read, names: Names) -> Key:
    """What an event is grouped by."""
    if event.withheld_bytes:
        return event.capture, b"\0%d bytes" % event.withheld_bytes
    if read in _OF_FUNCTIONS:
        return event.capture, function_of(event, read, names).encode("utf-8", "replace")
    if event.result < 0 and not event.data:
        return event.capture, b"\0%d" % event.result
    return event.capture, event.data


_KEYS: dict[GroupSort, Callable[[Group], Any]] = {
    GroupSort.COUNT: lambda group: -group.count,
    GroupSort.RATE: lambda group: -(group.rate or 0.0),
    GroupSort.RESCUED: lambda group: -group.rescued,
    GroupSort.DELAY: lambda group: -group.max_delay_ns,
    GroupSort.LAST: lambda group: -group.number,
    GroupSort.VALUE: lambda group: group.key[1],
}


class Groups:
    """The groups of a run so far. Fed with events in order."""

    def __init__(self, at_ns: int = 0) -> None:
        self.total = 0
        self.others = 0
        """Events of values that were too rare to be kept."""
        self.missed = 0
        """Events that had left the view before they could be counted."""
        self.made = 0
        """Groups so far, those that were too rare to be kept included."""
        self._groups: dict[Key, Group] = {}
        self._rated_ns = at_ns
        self._last = 0

    def __len__(self) -> int:
        return len(self._groups)

    def get(self, key: Key) -> Group | None:
        """The group of a value, unless it was too rare to be kept."""
        return self._groups.get(key)

    def newest(self, number: int) -> list[Key]:
        """The values that were met last, in the order in which they came; at most so many."""
        return list(islice(reversed(self._groups), number))[::-1]

    def feed(
        self,
        events: Iterable[tuple[int, Event]],
        captures: tuple[str, ...],
        names: Names = MappingProxyType({}),
    ) -> None:
        """Count events with their numbers; those that were counted before are left out.

        Args:
            events: In order.
            captures: The texts of the captures that they name.
            names: Of stack addresses, by process (0: the kernel) and address.
        """
        reads = tuple(map(read_of, captures))
        groups = self._groups
        deferred = EventFlag.DEFERRED.value
        for number, event in events:
            if number <= self._last:
                continue
            self._last = number
            capture, data = event.capture, event.data
            plain = capture >= len(reads) or reads[capture] not in _OF_FUNCTIONS
            key = (capture, data) if plain and data else self._key(event, reads, names)
            group = groups.get(key)
            if group is None:
                if len(groups) >= MAX_GROUPS:
                    self._shed()
                group = groups[key] = Group(key, event, number)
                self.made += 1
            group.event, group.number = event, number
            group.count += 1
            self.total += 1
            result = event.result
            if result >= 0:
                if -(1 << 31) < event.nofault < 0:
                    group.rescued += 1
            elif event.flags & deferred:
                group.failed += 1
            delay_ns = event.ran_ns - event.trigger_ns
            if delay_ns > group.max_delay_ns and event.flags & deferred:
                group.max_delay_ns = delay_ns

    @staticmethod
    def _key(event: Event, reads: tuple[Read, ...], names: Names) -> Key:
        read = reads[event.capture] if event.capture < len(reads) else Read.NONE
        return key_of(event, read, names)

    def _shed(self) -> None:
        ranked = sorted(self._groups.values(), key=lambda group: -group.count)
        for group in ranked[MAX_GROUPS // 2 :]:
            self.others += group.count
            del self._groups[group.key]

    def pace(self, at_ns: int) -> None:
        """Work the rates out anew, when enough time has passed since they were."""
        seconds = (at_ns - self._rated_ns) / 1e9
        if self._rated_ns and seconds < _RATE_SECONDS:
            return
        for group in self._groups.values():
            if self._rated_ns:
                group.rate = (group.count - group.counted) / seconds
            group.counted = group.count
        self._rated_ns = at_ns

    def ranked(self, by: GroupSort, reverse: bool = False) -> list[Key]:
        """The values in the order of a column; equal ones in the order in which they came."""
        key = _KEYS[by]
        ordered = sorted(self._groups.values(), key=key)
        return [group.key for group in (reversed(ordered) if reverse else ordered)]
