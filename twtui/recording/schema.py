"""The tables of a recording, and what is said once for the whole of it; the README documents them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twtui.errors import TwtuiError
from twtui.model.bounds import I64, whole
from twtui.model.ledger import COUNTER_NAMES, Row
from twtui.model.plan import Plan
from twtui.model.snapshot import BackendInfo
from twtui.recording.shown import shown
from twtui.wire.layout import ROWS

SCHEMA_VERSION = 1
"""``PRAGMA user_version``; raised when a reader of before would go wrong. A new column does not raise it."""
APPLICATION_ID = 0x74777475
"""``PRAGMA application_id``: "twtu"."""
EVENT_COLUMNS = (
    "trigger_ns ran_ns address nofault result pid tid wanted_bytes trigger_cpu ran_cpu map mode "
    "capture flags comm length data registers"
).split()
"""Of a stored event, in the order of ``Event``, with the length of the data before the data."""
READING_COLUMNS = "quiet backlog_bytes cpu_ns rss_bytes bpf_run_ns bpf_runs".split()
WHOLE_EVERY = 64
"""Readings from one whole histogram to the next; those between hold only what changed."""

SIGN = 1 << 63
"""Numbers from here on are stored less 2**64: SQLite's are signed."""
_COUNTERS = ", ".join(f"{name} INTEGER NOT NULL" for name in COUNTER_NAMES)
TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE batches (
    number INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, events INTEGER NOT NULL,
    mode TEXT, ended INTEGER NOT NULL);
CREATE TABLE events (
    number INTEGER PRIMARY KEY, trigger_ns INTEGER, ran_ns INTEGER, address INTEGER,
    nofault INTEGER, result INTEGER, pid INTEGER, tid INTEGER, wanted_bytes INTEGER,
    trigger_cpu INTEGER, ran_cpu INTEGER, map TEXT, mode TEXT, capture INTEGER, flags INTEGER,
    comm TEXT, length INTEGER, data BLOB, registers BLOB,
    delay_ns INTEGER AS (CASE WHEN flags & 1 THEN ran_ns - trigger_ns END) VIRTUAL);
CREATE TABLE captures (
    first_event INTEGER, number INTEGER, batch INTEGER, trigger TEXT, capture TEXT,
    PRIMARY KEY (number, batch)) WITHOUT ROWID;
CREATE TABLE names (
    batch INTEGER, pid INTEGER, address INTEGER, name TEXT, PRIMARY KEY (pid, address, batch)
    ) WITHOUT ROWID;
CREATE TABLE notes (number INTEGER PRIMARY KEY, batch INTEGER, text TEXT);
CREATE TABLE readings (
    batch INTEGER PRIMARY KEY, quiet INTEGER, backlog_bytes INTEGER, cpu_ns INTEGER,
    rss_bytes INTEGER, bpf_run_ns INTEGER, bpf_runs INTEGER,
    whole INTEGER NOT NULL, latency TEXT NOT NULL, targets TEXT);
CREATE TABLE counters (
    batch INTEGER, map TEXT, mode TEXT, {_COUNTERS}, errors TEXT NOT NULL,
    PRIMARY KEY (batch, map, mode)) WITHOUT ROWID;
CREATE VIEW captured AS SELECT
    e.number, strftime('%Y-%m-%d %H:%M:%f', (e.trigger_ns +
        (SELECT value FROM meta WHERE key = 'clock_offset_ns')) / 1e9, 'unixepoch') AS utc,
    e.pid, e.tid, {shown("e.comm")} AS comm, e.map, e.mode, e.delay_ns, e.nofault, e.result,
    {shown("c.trigger")} AS trigger, {shown("c.capture")} AS capture, {shown("e.data")} AS text
  FROM events e LEFT JOIN captures c ON c.number = e.capture AND c.batch = (
    SELECT max(batch) FROM captures WHERE number = e.capture AND first_event <= e.number);
CREATE VIEW ledger AS SELECT * FROM counters WHERE batch = (SELECT max(batch) FROM counters);
"""


_NO_INFO = BackendInfo("")


@dataclass(frozen=True, slots=True)
class Meta:
    """What is true for the whole recording."""

    plan: Plan
    info: BackendInfo = _NO_INFO
    argv: tuple[str, ...] = ()
    host: str = ""
    version: str = ""
    """Of twtui."""
    with_data: bool = True
    redacted: bool = False
    delivered_before: Mapping[Row, int] | None = None
    """When it began in the middle of a run: the events of the run up to then."""
    ended: str = ""
    """Why it ends: ``end`` of the run, ``stopped``, ``max-size``, ``failed``; empty when it was cut off."""

    def to_rows(self) -> dict[str, Any]:
        """Keys and values of the table ``meta``."""
        info = self.info
        return {
            "schema": SCHEMA_VERSION,
            "version": self.version,
            "backend": info.name,
            "kernel": info.kernel,
            "kfunc_variant": info.kfunc_variant,
            "bcc": info.bcc,
            "clock_offset_ns": info.clock_offset_ns,
            "attached_ns": info.attached_ns,
            "argv": json.dumps(self.argv),
            "host": self.host,
            "plan": json.dumps(self.plan.to_wire()),
            "with_data": int(self.with_data),
            "redacted": int(self.redacted),
            "delivered_before": json.dumps(
                {row_name(row): count for row, count in (self.delivered_before or {}).items()}
            ),
            "ended": self.ended,
        }

    @classmethod
    def from_rows(cls, rows: Mapping[str, Any]) -> Meta:
        """The inverse of ``to_rows``.

        Raises:
            TwtuiError, ValueError, KeyError, TypeError: It is no such table.
        """
        before = json.loads(rows["delivered_before"])
        return cls(
            plan=Plan.from_wire(json.loads(rows["plan"])),
            info=BackendInfo(
                name=str(rows["backend"]),
                kernel=str(rows["kernel"]),
                kfunc_variant=str(rows["kfunc_variant"]),
                bcc=str(rows["bcc"]),
                clock_offset_ns=whole(rows["clock_offset_ns"], I64, -I64),
                attached_ns=whole(rows["attached_ns"], I64),
            ),
            argv=tuple(str(word) for word in json.loads(rows["argv"])),
            host=str(rows["host"]),
            version=str(rows["version"]),
            with_data=bool(rows["with_data"]),
            redacted=bool(rows["redacted"]),
            delivered_before={row_of(name): whole(count) for name, count in before.items()} or None,
            ended=str(rows["ended"]),
        )


class DamagedRecordingError(TwtuiError):
    """The file is not a recording, or not a whole one."""


_NAMES = {row: f"{row[0]}/{row[1]}" for row in ROWS}
_ROWS = {name: row for row, name in _NAMES.items()}


def row_name(row: Row) -> str:
    """``hash/resume``."""
    return _NAMES[row]


def row_of(name: str) -> Row:
    """The inverse of ``row_name``.

    Raises:
        KeyError: There is no such row.
    """
    return _ROWS[name]
