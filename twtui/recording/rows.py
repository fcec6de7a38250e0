"""Events as rows of the table ``events``: the one place that is done for every event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twtui.model.event import Event
from twtui.recording.schema import SIGN

_MAX_NAMES = 4096


class EventRows:
    """Turns events into rows.

    Args:
        with_data: False leaves the data out, but not its length.
    """

    def __init__(self, with_data: bool) -> None:
        self._with_data = with_data
        self._names: dict[bytes, str | bytes] = {}

    def of(self, events: Sequence[Event]) -> list[tuple[Any, ...]]:
        """A row per event, in the order of ``EVENT_COLUMNS``."""
        names = self._names
        if len(names) > _MAX_NAMES:
            names.clear()
        names.update({event.comm: _name(event.comm) for event in events if event.comm not in names})
        with_data = self._with_data
        return [
            (
                trigger_ns, ran_ns, address if address < SIGN else address - 2 * SIGN, nofault,
                result, pid, tid, wanted, trigger_cpu, ran_cpu, kind._value_, mode._value_,
                capture, flags, names[comm], withheld or len(data), data if with_data else None,
                registers if with_data and registers else None,
            )
            for (
                trigger_ns, ran_ns, address, nofault, result, pid, tid, wanted,
                trigger_cpu, ran_cpu, kind, mode, capture, flags, comm, data, registers, withheld,
            ) in events
        ]  # fmt: skip


def _name(comm: bytes) -> str | bytes:
    try:
        return comm.decode()
    except UnicodeDecodeError:
        return comm
