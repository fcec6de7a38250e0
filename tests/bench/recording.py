"""Rows a second that a recording takes, against a bare executemany of the same rows; and its memory.

Interleaved, batch by batch, in one run. The aim: at least half as many, and memory that stays.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.unit.support import HASH_RESUME, balanced, event, plan, reading, records
from twtui.engine import own_use
from twtui.model.batch import Batch
from twtui.model.event import Event
from twtui.model.snapshot import BackendInfo
from twtui.recording import Recorder
from twtui.recording.rows import EventRows
from twtui.recording.schema import EVENT_COLUMNS, TABLES
from twtui.wire.layout import iter_events

BATCH = 2000
INSERT = f"INSERT INTO events ({', '.join(EVENT_COLUMNS)}) VALUES ({', '.join('?' * len(EVENT_COLUMNS))})"


def made(first: int) -> list[Event]:
    """A batch of events, all with a path of their own."""
    return [
        event(
            number,
            trigger_ns=10**15 + number * 1000,
            ran_ns=10**15 + number * 1000 + 12_000,
            data=f"/srv/www/static/{number:08}.css".encode(),
            comm=f"worker-{number % 4}".encode(),
        )
        for number in range(first, first + BATCH)
    ]


def bare(path: Path) -> sqlite3.Connection:
    """A database with the same tables and settings."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(TABLES)
    return database


def main() -> None:
    """Print one line, and exit with 1 when the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    count = parser.parse_args().events
    base_s = decoding_s = ours_s = 0.0
    rows = EventRows(with_data=True)
    early_bytes = 0
    with tempfile.TemporaryDirectory() as name:
        database = bare(Path(name) / "bare")
        recorder = Recorder(plan())
        recorder.start(Path(name) / "ours", BackendInfo("demo"))
        for first in range(0, count, BATCH):
            packed = records(made(first))
            started = time.perf_counter()
            events = list(iter_events(packed))
            decoding_s += time.perf_counter() - started
            values = rows.of(events)
            started = time.perf_counter()
            database.execute("BEGIN")
            database.executemany(INSERT, values)
            database.execute("COMMIT")
            base_s += time.perf_counter() - started
            batch = Batch(first + 1, packed, reading({HASH_RESUME: balanced(first + BATCH)}))
            started = time.perf_counter()
            recorder.observe(batch, events)
            ours_s += time.perf_counter() - started
            if first == BATCH * 10:
                early_bytes = own_use().rss_bytes
        recorder.stop()
        database.close()
    grown = (own_use().rss_bytes - early_bytes) / (1 << 20)
    sys.stdout.write(
        f"{count:,} events: bare executemany {count / base_s:,.0f} rows/s, recorder "
        f"{count / ours_s:,.0f} rows/s ({base_s / ours_s:.2f} of it; with decoding "
        f"{base_s / (ours_s + decoding_s):.2f}); memory grown by {grown:.1f} MiB\n"
    )
    raise SystemExit(base_s / ours_s < 0.5 or grown > 8)


if __name__ == "__main__":
    main()
