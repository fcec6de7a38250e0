"""The readings of a recording: counters by name, histograms put together from what changed."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from twtui.model import bounds
from twtui.model.batch import Reading
from twtui.model.bounds import MOST_NAME, U32, text, whole
from twtui.model.enums import MapKind, Mode, TargetState
from twtui.model.histogram import BUCKETS, Histogram
from twtui.model.ledger import COUNTER_NAMES, Counters, Row
from twtui.model.snapshot import TargetView
from twtui.recording.schema import READING_COLUMNS, row_of
from twtui.wire.layout import ROWS

_READING = f"SELECT {', '.join(READING_COLUMNS)} FROM readings WHERE batch = ?"


class Readings:
    """Reads them in any order; fast in the order in which they were written."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        columns = [row[1].decode() for row in database.execute("PRAGMA table_info(counters)")]
        # a recording of before has fewer counters, one of later may have more
        self._names = [name for name in COUNTER_NAMES if name in columns]
        self._counters = (
            f"SELECT map, mode, errors, {', '.join(self._names)} FROM counters WHERE batch = ?"
        )
        self._at = 0
        self._latency: dict[Row, dict[int, int]] = {}
        self._targets: tuple[TargetView, ...] = ()

    def at(self, batch: int) -> Reading | None:
        """The reading of a batch; None when it has none."""
        row = self._database.execute(_READING, (batch,)).fetchone()
        if row is None:
            return None
        self._go_to(batch)
        fields: dict[str, Any] = dict(zip(READING_COLUMNS, map(whole, row), strict=True))
        fields["quiet"] = bool(fields["quiet"])
        return Reading(
            ledger={
                row: replace(counters, delivered=0) for row, counters in self._ledger(batch).items()
            },
            latency={
                row: Histogram(dict(self._latency[row])) for row in ROWS if row in self._latency
            },
            targets=self._targets,
            **fields,
        )

    def with_delivered(self, batch: int) -> Reading:
        """Only the ledger of a reading, with what was delivered by then."""
        return Reading(ledger=self._ledger(batch), latency={})

    def delivered(self, batch: int) -> dict[Row, int]:
        """Events delivered by the reading of a batch."""
        return {row: counters.delivered for row, counters in self._ledger(batch).items()}

    def _ledger(self, batch: int) -> dict[Row, Counters]:
        ledger = {}
        for kind, mode, errors, *values in self._database.execute(self._counters, (batch,)):
            row = (MapKind(kind.decode()), Mode(mode.decode()))
            numbers = dict(zip(self._names, map(whole, values), strict=True))
            ledger[row] = Counters(**numbers, errors=bounds.errors(json.loads(errors)))
        return {row: ledger[row] for row in ROWS if row in ledger}

    def _go_to(self, batch: int) -> None:
        """Bring histograms and targets to those of a batch."""
        if batch == self._at:
            return
        (start,) = self._database.execute(
            "SELECT ifnull(max(batch), 0) FROM readings WHERE batch <= ? AND whole", (batch,)
        ).fetchone()
        if start <= self._at < batch:
            start = self._at + 1
        changes = self._database.execute(
            "SELECT whole, latency, targets FROM readings WHERE batch >= ? AND batch <= ?"
            " ORDER BY batch",
            (start, batch),
        )
        self._at = 0  # nothing is known until all of it has been read
        for is_whole, latency, targets in changes:
            if is_whole:
                self._latency = {}
            self._change(json.loads(latency))
            if targets is not None:
                self._targets = tuple(
                    TargetView(
                        whole(pid, U32),
                        text(name, MOST_NAME),
                        whole(threads, U32),
                        TargetState(state),
                    )
                    for pid, name, threads, state in json.loads(targets)
                )
        self._at = batch

    def _change(self, latency: dict[str, Any]) -> None:
        for name, buckets in latency.items():
            counts = self._latency.setdefault(row_of(name), {})
            for bucket, count in buckets:
                counts[whole(bucket, BUCKETS)] = whole(count)
