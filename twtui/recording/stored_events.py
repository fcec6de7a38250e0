"""The events of a recording, in order; what a cell holds is not trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from twtui.model.bounds import whole
from twtui.model.enums import MapKind, Mode
from twtui.model.event import Event
from twtui.recording.schema import EVENT_COLUMNS, SIGN
from twtui.wire.layout import MOST_DATA_BYTES, pack_record

_KINDS = {str(kind).encode(): kind for kind in MapKind}
_MODES = {str(mode).encode(): mode for mode in Mode}


class StoredEvents:
    """The table ``events``.

    Args:
        database: Texts come as bytes.
        with_data: The data was kept; else events know only how many bytes it had.
    """

    def __init__(self, database: sqlite3.Connection, with_data: bool) -> None:
        self._database = database
        self._with_data = with_data
        found = {row[1].decode() for row in database.execute("PRAGMA table_info(events)")}
        # not in the recordings of before
        registers = "registers" if "registers" in found else "NULL"
        known = [name for name in EVENT_COLUMNS if name not in ("length", "registers")]
        columns = ", ".join((*known, registers, "length"))
        self._select = (
            f"SELECT {columns} FROM events WHERE number > ? AND number <= ? ORDER BY number"
        )

    def between(self, after: int, to: int) -> Iterator[Event]:
        """Those with numbers beyond ``after``, up to ``to``; their fields may be of any type."""
        withheld = not self._with_data
        for (
            trigger_ns, ran_ns, address, nofault, result, pid, tid, wanted, trigger_cpu, ran_cpu,
            kind, mode, capture, flags, comm, data, registers, length,
        ) in self._database.execute(self._select, (after, to)):  # fmt: skip
            yield Event(
                trigger_ns, ran_ns, address & (2 * SIGN - 1), nofault, result, pid, tid, wanted,
                trigger_cpu, ran_cpu, _KINDS[kind], _MODES[mode], capture, flags, comm,
                b"" if withheld else data, registers or b"",
                whole(length, MOST_DATA_BYTES) if withheld else 0,
            )  # fmt: skip


def check_events(events: Iterable[Event]) -> None:
    """See that these are what a backend can deliver, for who takes them as they are.

    Raises:
        struct.error, ValueError, TypeError, AttributeError: They are not.
    """
    for event in events:
        pack_record(event)
