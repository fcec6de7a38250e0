"""Writes a recording: a transaction per batch, so that a killed process loses at most its last one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

from twtui.errors import TwtuiError
from twtui.model.batch import Batch, Reading
from twtui.model.event import Event
from twtui.model.ledger import COUNTER_NAMES, Row
from twtui.model.snapshot import TargetView
from twtui.recording import ownership
from twtui.recording.disk import Ballast, told
from twtui.recording.rows import EventRows
from twtui.recording.schema import (
    APPLICATION_ID,
    EVENT_COLUMNS,
    READING_COLUMNS,
    SCHEMA_VERSION,
    SIGN,
    TABLES,
    WHOLE_EVERY,
    Meta,
    row_name,
)

_BATCH_BYTES = 16 << 10
"""More than a batch takes besides its events."""
_ENDING_BYTES = 64 << 10

_row_of = itemgetter(Event._fields.index("map_kind"), Event._fields.index("mode"))


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


_INSERT_EVENT = _insert("events", EVENT_COLUMNS)
_INSERT_BATCH = _insert("batches", ("number", "at_ns", "events", "mode", "ended"))
_INSERT_CAPTURE = _insert("captures", ("first_event", "number", "batch", "trigger", "capture"))
_INSERT_NAME = _insert("names", ("batch", "pid", "address", "name"))
_INSERT_NOTE = _insert("notes", ("batch", "text"))
_INSERT_READING = _insert("readings", ("batch", *READING_COLUMNS, "whole", "latency", "targets"))
_INSERT_COUNTERS = _insert("counters", ("batch", "map", "mode", *COUNTER_NAMES, "errors"))


class SizeLimitError(TwtuiError):
    """The file would become larger than it may."""


class RecordingWriter:
    """One recording being written. From one thread at a time.

    Args:
        path: The file.
        meta: What is true for the whole recording; ``begin`` completes it.
        force: Take the place of a file that is there.
        max_bytes: Stop before the file is larger; 0: it may grow.

    Raises:
        TwtuiError: The file cannot be made.
    """

    def __init__(
        self,
        path: Path,
        meta: Meta,
        *,
        force: bool = False,
        max_bytes: int = 0,
    ) -> None:
        self.path = path
        self._meta = meta
        self._max_bytes = max_bytes
        self._batches = 0
        self._events = 0
        self._delivered: Counter[Row] = Counter(meta.delivered_before or {})
        self._readings = 0
        self._latency: dict[Row, Mapping[int, int]] = {}
        self._targets: tuple[TargetView, ...] | None = None
        self._rows = EventRows(meta.with_data)
        ownership.refuse_existing(path, force)
        self._made_by_user = ownership.invoking_user() is not None
        with told(path):
            try:
                with self._rights():
                    self._create(force)
            except PermissionError:
                if not self._made_by_user:
                    raise
                # a directory of root's: nobody else can put anything in the way there
                self._made_by_user = False
                self._create(force)

    def _create(self, force: bool) -> None:
        directory = self.path.parent
        made = ownership.new_file(directory, self.path.name)
        try:
            with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as database:
                # nobody sees the file yet, so nothing of it has to survive
                database.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")
                database.executescript(
                    f"PRAGMA application_id = {APPLICATION_ID};"
                    f"PRAGMA user_version = {SCHEMA_VERSION};{TABLES}"
                )
                _store_meta(database, self._meta)
                database.execute("PRAGMA journal_mode = WAL")
            ownership.hand_over(made)
            # the log of another database, which may only be here with ``force``
            for name in ownership.beside(self.path):
                name.unlink(missing_ok=True)
            ownership.publish(made, self.path, force)
        finally:
            made.unlink(missing_ok=True)
        self._database = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._ballast = Ballast(directory)
        self.begin(self._meta)  # opens the files beside it too

    def begin(self, meta: Meta) -> None:
        """Store what the backend has said of itself.

        Raises:
            TwtuiError: It cannot be written.
        """
        self._meta = meta
        with told(self.path), self._transaction():
            _store_meta(self._database, meta)

    @property
    def events(self) -> int:
        """Events in the file."""
        return self._events

    @property
    def batches(self) -> int:
        """Batches in the file."""
        return self._batches

    @property
    def size_bytes(self) -> int:
        """Of the file when it is tidied up."""
        (pages,) = self._database.execute("PRAGMA page_count").fetchone()
        (page_bytes,) = self._database.execute("PRAGMA page_size").fetchone()
        return int(pages * page_bytes)

    def write(self, batch: Batch, events: Sequence[Event]) -> None:
        """Store a batch; all of it, or on an error nothing.

        Args:
            batch: What came.
            events: ``batch.records``, decoded, and changed where something must not be kept.

        Raises:
            SizeLimitError: It does not fit any more.
            DiskFullError: The disk is full.
            TwtuiError: It cannot be written.
        """
        if self._max_bytes:
            wanted = self.size_bytes + len(batch.records) + _BATCH_BYTES
            if wanted + _ENDING_BYTES > self._max_bytes:
                raise SizeLimitError(f"{self.path} has reached its size limit")
        with told(self.path), self._transaction():
            self._store(batch, events)
        self._batches += 1
        self._events += len(events)

    def _store(self, batch: Batch, events: Sequence[Event]) -> None:
        number = self._batches + 1
        execute = self._database.execute
        if events:
            self._database.executemany(_INSERT_EVENT, self._rows.of(events))
            self._delivered.update(map(_row_of, events))
        execute(
            _INSERT_BATCH,
            (
                number, batch.at_ns, self._events + len(events), batch.mode or None,
                int(batch.end),
            ),
        )  # fmt: skip
        for index, (trigger, capture) in batch.captures.items():
            texts = (plain_text(trigger), plain_text(capture))
            execute(_INSERT_CAPTURE, (self._events + 1, index, number, *texts))
        for (pid, address), name in batch.names.items():
            stored = address if address < SIGN else address - 2 * SIGN
            execute(_INSERT_NAME, (number, pid, stored, plain_text(name)))
        for note in batch.notes:
            execute(_INSERT_NOTE, (number, plain_text(note)))
        if batch.reading is not None:
            self._store_reading(number, batch.reading)

    def _store_reading(self, batch: int, reading: Reading) -> None:
        execute = self._database.execute
        for (kind, mode), counters in reading.ledger.items():
            values = [getattr(counters, name) for name in COUNTER_NAMES]
            values[COUNTER_NAMES.index("delivered")] = self._delivered[(kind, mode)]
            errors = json.dumps(dict(counters.errors))
            execute(_INSERT_COUNTERS, (batch, str(kind), str(mode), *values, errors))
        whole = self._readings % WHOLE_EVERY == 0
        now = {row: histogram.counts for row, histogram in reading.latency.items()}
        if any(before.keys() - now.get(row, {}).keys() for row, before in self._latency.items()):
            whole = True
        before = {} if whole else self._latency
        changed = {
            row_name(row): [
                [bucket, count]
                for bucket, count in counts.items()
                if before.get(row, {}).get(bucket) != count
            ]
            for row, counts in now.items()
            if whole or before.get(row) != counts
        }
        targets = None
        if whole or reading.targets != self._targets:
            targets = json.dumps(
                [[t.pid, t.name, t.threads, str(t.state)] for t in reading.targets]
            )
        cost = [int(getattr(reading, name)) for name in READING_COLUMNS]
        execute(_INSERT_READING, (batch, *cost, int(whole), json.dumps(changed), targets))
        self._readings += 1
        self._latency, self._targets = now, reading.targets

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    def close(self, ended: str) -> None:
        """Say why it ends, and leave one file that needs nothing beside it. Once.

        Raises:
            TwtuiError: It could not be tidied up; nothing that was written is lost.
        """
        self._ballast.release()
        try:
            with told(self.path), self._transaction():
                self._database.execute("UPDATE meta SET value = ? WHERE key = 'ended'", (ended,))
        finally:
            with told(self.path), contextlib.closing(self._database), self._rights():
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                # a reader at this moment keeps the log; then the last reader removes it
                with contextlib.suppress(sqlite3.OperationalError):
                    self._database.execute("PRAGMA journal_mode = DELETE")

    def _rights(self) -> contextlib.AbstractContextManager[None]:
        return ownership.as_invoking_user() if self._made_by_user else contextlib.nullcontext()

    def discard(self) -> None:
        """Leave no file behind: nothing was recorded."""
        self._ballast.release()
        self._database.close()
        for path in (self.path, *ownership.beside(self.path)):
            path.unlink(missing_ok=True)


def _store_meta(database: sqlite3.Connection, meta: Meta) -> None:
    rows = [
        (key, plain_text(value) if isinstance(value, str) else value)
        for key, value in meta.to_rows().items()
    ]
    database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def plain_text(text: str) -> str:
    """Text that SQLite takes: what is not a character is written out."""
    return text.encode("utf-8", "backslashreplace").decode()
