"""Finds the names that the stacks in a run of records need, each once."""

from __future__ import annotations

import struct
from collections import defaultdict

from twtui.kernel.names.symbolizer import Symbolizer
from twtui.model.bounds import MOST_NAME, text
from twtui.model.event import Event
from twtui.wire.layout import iter_events

KERNEL = 0
"""Stands for the kernel where a name's process is meant."""
_KERNEL_HALF = 1 << 63
_MOST_NAMES = 1 << 16
"""Beyond that the names already given are forgotten, and given again when they come up."""


class StackNames:
    """Names for stacks, by process and address."""

    def __init__(self) -> None:
        self._symbolizer = Symbolizer()
        self._given: set[tuple[int, int]] = set()

    def remember(self, pid: int) -> None:
        """Look at a process while it lives, so that its addresses resolve afterwards."""
        self._symbolizer.remember(pid)

    def new_names(
        self, records: bytes, stack_captures: frozenset[int]
    ) -> dict[tuple[int, int], str]:
        """Names for addresses that come up for the first time.

        Args:
            records: As ``Batch.records``.
            stack_captures: The ``Event.capture`` of stacks.
        """
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        for event in iter_events(records):
            if event.capture in stack_captures:
                for pid, address in _addresses(event):
                    if (pid, address) not in self._given:
                        wanted[pid].add(address)
        if len(self._given) > _MOST_NAMES:
            self._given.clear()
        names = {}
        for pid, addresses in wanted.items():
            found = self._symbolizer.resolve(pid, addresses)
            names.update(
                {(pid, address): text(str(frame), MOST_NAME) for address, frame in found.items()}
            )
        self._given.update(names)
        return names

    def close(self) -> None:
        """Give the symbol caches back."""
        self._symbolizer.close()


def _addresses(event: Event) -> list[tuple[int, int]]:
    words = struct.iter_unpack("<Q", event.data[: len(event.data) & ~7])
    return [(KERNEL if word >= _KERNEL_HALF else event.pid, word) for (word,) in words]
