"""Places in a recording: from a number of a batch to its time, and back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from twtui.recording.opening import damaged


class Places:
    """The table of batches, asked for single rows."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self._path = path

    def at_ns(self, number: int) -> int | None:
        """The time of a batch; None behind the last.

        Raises:
            TwtuiError: The file is damaged.
        """
        with damaged(self._path):
            row = self._database.execute(
                "SELECT at_ns FROM batches WHERE number = ?", (number,)
            ).fetchone()
        return int(row[0]) if row else None

    def number_at(self, at_ns: int) -> int:
        """The last batch that had come by a moment (CLOCK_MONOTONIC); 0 before the first."""
        with damaged(self._path):
            query = "SELECT ifnull(max(number), 0) FROM batches WHERE at_ns <= ?"
            return int(self._database.execute(query, (at_ns,)).fetchone()[0])

    def number_with_events(self, number: int, forward: bool) -> int:
        """The nearest batch after or before one in which events came; 0 when there is none."""
        with damaged(self._path):
            one = self._database.execute
            if forward:
                query = (
                    "SELECT ifnull(min(number), 0) FROM batches WHERE number > ?1 AND events >"
                    " ifnull((SELECT events FROM batches WHERE number = ?1), 0)"
                )
                return int(one(query, (number,)).fetchone()[0])
            query = (
                "SELECT ifnull(max(number), 0) FROM batches AS b WHERE number < ?1 AND events >"
                " ifnull((SELECT events FROM batches WHERE number = b.number - 1), 0)"
            )
            return int(one(query, (number,)).fetchone()[0])
