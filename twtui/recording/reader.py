"""Reads a recording lazily: batch by batch, or from the middle on; only what is asked for is in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twtui.model.batch import Batch, Resume
from twtui.model.bounds import I64, MOST_NAME, U32, text, whole
from twtui.model.enums import MapKind, Mode
from twtui.model.event import Event
from twtui.model.fold import MAX_NOTES, MOST_NAMES, WINDOW
from twtui.model.ledger import Row
from twtui.model.snapshot import BackendInfo
from twtui.recording.opening import damaged, open_database
from twtui.recording.places import Places
from twtui.recording.readings import Readings
from twtui.recording.schema import SIGN, Meta
from twtui.recording.stored_events import StoredEvents, check_events
from twtui.wire.layout import CAPTURES, pack_record

HISTORY_NS = 62_000_000_000
"""How far back a jump reads, so that the graphs of the last minute are there."""
_KINDS = {str(kind).encode(): kind for kind in MapKind}
_MODES = {str(mode).encode(): mode for mode in Mode}
_row_of = itemgetter(Event._fields.index("map_kind"), Event._fields.index("mode"))


class Recording:
    """A recording, open for reading; it may still be written. From one thread at a time.

    Args:
        path: The file.

    Raises:
        UsageError: There is no such file.
        TwtuiError: It is empty, truncated, foreign, damaged, or of a newer twtui.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = open_database(path)
        try:
            with damaged(path):
                rows = self._database.execute("SELECT key, value FROM meta").fetchall()
                self.meta = Meta.from_rows({key.decode(): _text(value) for key, value in rows})
                self._readings = Readings(self._database)
                self.places = Places(self._database, path)
                self._events = StoredEvents(self._database, self.meta.with_data)
                self._measure()
        except BaseException:
            self.close()
            raise

    def _measure(self) -> None:
        one = self._database.execute
        (last,) = one("SELECT ifnull(max(number), 0) FROM batches").fetchone()
        first_ns, last_ns, events = one(
            "SELECT ifnull((SELECT at_ns FROM batches WHERE number = 1), 0),"
            " ifnull((SELECT at_ns FROM batches WHERE number = ?1), 0),"
            " ifnull((SELECT events FROM batches WHERE number = ?1), 0)",
            (last,),
        ).fetchone()
        self.batch_count, self.event_count = whole(last, I64), whole(events, I64)
        self.first_ns, self.last_ns = whole(first_ns, I64), whole(last_ns, I64)

    @property
    def start_ns(self) -> int:
        """CLOCK_MONOTONIC at which the recording starts: when all was attached, if it was there then."""
        if self.meta.delivered_before is not None:
            return self.first_ns
        return self.meta.info.attached_ns or self.first_ns

    @property
    def info(self) -> BackendInfo:
        """What the backend of the run said."""
        info = self.meta.info
        return BackendInfo(
            "replay", "", info.kernel, info.kfunc_variant, info.bcc, info.clock_offset_ns,
            info.attached_ns or self.first_ns,
        )  # fmt: skip

    @property
    def whole(self) -> bool:
        """The run came to its end within the recording."""
        return self.meta.ended == "end"

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def batch(self, number: int) -> Batch | None:
        """A batch by its number, from 1; None behind the last.

        Raises:
            TwtuiError: The file is damaged.
        """
        found = self._batch(number)
        if found is None:
            return None
        with damaged(self.path):
            return replace(found[0], records=b"".join(map(pack_record, found[1])))

    def _batch(self, number: int) -> tuple[Batch, list[Event]] | None:
        """A batch without its records, and its events."""
        with damaged(self.path):
            one = self._database.execute
            row = one(
                "SELECT at_ns, events, mode, ended, ifnull((SELECT events FROM batches"
                " WHERE number = ?1 - 1), 0) FROM batches WHERE number = ?1",
                (number,),
            ).fetchone()
            if row is None:
                return None
            at_ns, last_event, mode, ended, before = row
            resume = None
            if number == 1 and self.meta.delivered_before is not None:
                resume = Resume(self.meta.delivered_before)
            batch = Batch(
                at_ns=whole(at_ns, I64),
                reading=self._readings.at(number),
                captures=self._captures("batch = ?", number),
                names=self._names("batch = ?", number),
                mode=str(Mode(mode.decode())) if mode else "",
                notes=self._notes("batch = ?", number),
                end=bool(ended),
                resume=resume,
            )
            return batch, list(self._events.between(before, last_event))

    def batches(self) -> Iterator[tuple[Batch, list[Event]]]:
        """Every batch, in order: without its records, but with its events.

        Raises:
            TwtuiError: The file is damaged.
        """
        number = 1
        while (found := self._batch(number)) is not None:
            with damaged(self.path):
                check_events(found[1])
            yield found
            number += 1

    def newest_events(self, most: int) -> list[Event]:
        """The last events of the recording."""
        with damaged(self.path):
            events = list(self._events.between(max(self.event_count - most, 0), self.event_count))
            check_events(events)
            return events

    def jump(self, number: int, window: int = WINDOW) -> Batch:
        """One batch that brings a fold to where it is after batch ``number``; 0 is the start.

        Args:
            number: Of the batch; beyond the last is the last.
            window: Newest events in it.

        Raises:
            TwtuiError: The file is damaged.
        """
        number = min(number, self.batch_count)
        if number <= 0:
            return Batch(self.start_ns, resume=Resume(self.meta.delivered_before or {}))
        with damaged(self.path):
            at_ns, last_event, ended = self._database.execute(
                "SELECT at_ns, events, ended FROM batches WHERE number = ?", (number,)
            ).fetchone()
            modes = self._database.execute(
                "SELECT mode FROM batches WHERE number <= ? AND mode IS NOT NULL"
                " ORDER BY number DESC LIMIT 1",
                (number,),
            ).fetchone()
            events = list(self._events.between(max(last_event - window, 0), last_event))
            past, reading = self._past(number, at_ns)
            return Batch(
                at_ns=whole(at_ns, I64),
                records=b"".join(map(pack_record, events)),
                reading=reading,
                captures=self._captures("batch <= ?", number),
                names=self._names("batch <= ?", number),
                mode=str(Mode(modes[0].decode())) if modes else str(self.meta.plan.mode),
                notes=self._notes("batch <= ?", number),
                end=bool(ended),
                resume=Resume(self._delivered(number, last_event, events), past),
            )

    def _past(self, number: int, at_ns: int) -> tuple[tuple[tuple[int, Any], ...], Any]:
        """The readings of the last minute but the newest, with their times, and the newest."""
        rows = self._database.execute(
            "SELECT r.batch, b.at_ns FROM readings r JOIN batches b ON b.number = r.batch"
            " WHERE r.batch <= ? AND b.at_ns >= ? ORDER BY r.batch",
            (number, at_ns - HISTORY_NS),
        ).fetchall()
        if not rows:
            newest = self._database.execute(
                "SELECT max(batch) FROM readings WHERE batch <= ?", (number,)
            ).fetchone()[0]
            return (), self._readings.at(newest) if newest else None
        past = tuple(
            (whole(at, I64), self._readings.with_delivered(batch)) for batch, at in rows[:-1]
        )
        return past, self._readings.at(rows[-1][0])

    def _delivered(self, number: int, last_event: int, events: list[Event]) -> dict[Row, int]:
        """Events before those of ``events``, which end with number ``last_event``."""
        found = self._database.execute(
            "SELECT r.batch, b.events FROM readings r JOIN batches b ON b.number = r.batch"
            " WHERE r.batch <= ? ORDER BY r.batch DESC LIMIT 1",
            (number,),
        ).fetchone()
        counts: Counter[Row] = Counter(self.meta.delivered_before or {})
        counted_to = 0
        if found:
            counts = Counter(self._readings.delivered(found[0]))
            counted_to = found[1]
        since = self._database.execute(
            "SELECT map, mode, count(*) FROM events WHERE number > ? AND number <= ?"
            " GROUP BY map, mode",
            (counted_to, last_event),
        )
        for kind, mode, count in since:
            counts[(_KINDS[kind], _MODES[mode])] += count
        counts.subtract(map(_row_of, events))
        return dict(+counts)

    def _captures(self, where: str, number: int) -> dict[int, tuple[str, str]]:
        rows = self._database.execute(
            f"SELECT number, trigger, capture FROM captures WHERE {where} ORDER BY batch, number",
            (number,),
        )
        return {
            whole(index, CAPTURES): (text(trigger.decode()), text(capture.decode()))
            for index, trigger, capture in rows
        }

    def _names(self, where: str, number: int) -> dict[tuple[int, int], str]:
        rows = self._database.execute(
            f"SELECT pid, address, name FROM (SELECT * FROM names WHERE {where}"
            " ORDER BY batch DESC LIMIT ?) ORDER BY batch",
            (number, MOST_NAMES),
        )
        return {
            (whole(pid, U32), int(at) & (2 * SIGN - 1)): text(name.decode(), MOST_NAME)
            for pid, at, name in rows
        }

    def _notes(self, where: str, number: int) -> tuple[str, ...]:
        rows = self._database.execute(
            f"SELECT text FROM (SELECT * FROM notes WHERE {where} ORDER BY number DESC LIMIT ?)"
            " ORDER BY number",
            (number, MAX_NOTES),
        )
        return tuple(text(note.decode()) for (note,) in rows)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query of ours; texts come as bytes.

        Raises:
            TwtuiError: The file is damaged.
        """
        with damaged(self.path):
            return self._database.execute(statement, values).fetchall()


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
