"""Recordings that are damaged, or no recordings: an error in one line, never a crash."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from twtui.commands.recorded import final_snapshot
from twtui.errors import TwtuiError, UsageError
from twtui.recording import Recording
from twtui.recording.schema import SCHEMA_VERSION
from twtui.wire.layout import iter_events

from .recordings import everything, recorded_demo


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return recorded_demo(tmp_path / "good")


def changed(good: Path, sql: str) -> Path:
    database = sqlite3.connect(good)
    database.executescript(sql)
    database.close()
    return good


def truncated(path: Path) -> Path:
    os.truncate(path, 9000)
    return path


def foreign(path: Path) -> Path:
    return changed(path.with_name("other"), "CREATE TABLE meta (key, value)")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda good: good.with_name("none"), "there is no"),
        (lambda good: good.parent, "not a file"),
        (lambda good: (good.write_bytes(b""), good)[1], "is empty"),
        (lambda good: (good.write_bytes(b"SQLite"), good)[1], "truncated"),
        (lambda good: (good.write_text("a text, and not a short one " * 9), good)[1], "not a rec"),
        (truncated, "truncated: 9,000 of"),
        (foreign, "another program"),
        (lambda good: changed(good, f"PRAGMA user_version = {SCHEMA_VERSION + 1}"), "newer twtui"),
        (lambda good: changed(good, "DROP TABLE events"), "damaged"),
        (lambda good: changed(good, "DELETE FROM meta WHERE key = 'plan'"), "damaged"),
        (lambda good: changed(good, "UPDATE meta SET value = '[' WHERE key = 'plan'"), "damaged"),
        (lambda good: changed(good, "UPDATE events SET pid = 'x' WHERE number = 5"), "damaged"),
        (lambda good: changed(good, "UPDATE events SET map = 'x' WHERE number = 5"), "damaged"),
        (lambda good: changed(good, "UPDATE events SET pid = -1 WHERE number = 5"), "damaged"),
        (lambda good: changed(good, "UPDATE readings SET latency = '{}}'"), "damaged"),
        (
            lambda good: changed(
                good, "UPDATE readings SET latency = '{\"hash/resume\":[[1e9,1]]}'"
            ),
            "damaged",
        ),
        (lambda good: changed(good, "UPDATE batches SET mode = 'loud'"), "damaged"),
    ],
)
def test_a_file_that_is_no_recording_is_one_line(
    good: Path, break_it: Callable[[Path], Path], words: str
) -> None:
    path = break_it(good)
    with pytest.raises(TwtuiError, match=words) as raised:
        everything_as_records(path)
    assert "\n" not in raised.value.message
    assert raised.value.exit_code == (2 if isinstance(raised.value, UsageError) else 1)
    assert raised.value.hint


def everything_as_records(path: Path) -> None:
    everything(path)
    with Recording(path) as recording:
        for number in range(1, recording.batch_count + 1):
            batch = recording.batch(number)
            assert batch is not None
            list(iter_events(batch.records))


def test_any_damage_is_an_error_and_never_a_crash(good: Path) -> None:
    whole = good.read_bytes()
    chance = random.Random(1)
    said: list[str] = []
    for _ in range(40):
        broken = bytearray(whole)
        for _ in range(chance.choice((1, 20, 400))):
            broken[chance.randrange(100, len(broken))] = chance.randrange(256)
        good.write_bytes(broken)
        try:
            everything_as_records(good)
        except TwtuiError as error:
            said.append(error.message)
    assert said
    assert not any("\n" in message for message in said)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET comm = NULL",
        "UPDATE events SET comm = zeroblob(1000000)",
        "UPDATE events SET data = 5",
        "UPDATE events SET pid = -1",
        "UPDATE events SET flags = 1e300",
        "UPDATE events SET nofault = 4294967296",
        "UPDATE events SET data = NULL, length = 1 << 40; UPDATE meta SET value = 0 WHERE key = 'with_data'",
        "UPDATE captures SET number = number + 256",
        "UPDATE counters SET fired = -1",
        "UPDATE counters SET errors = '[]'",
        "UPDATE readings SET latency = '{\"hash/resume\": [[1000000, 1]]}'",
        "UPDATE meta SET value = '1' || replace(hex(zeroblob(2000)), '00', '00') WHERE key = 'clock_offset_ns'",
    ],
)
def test_a_cell_that_no_recording_has_is_one_line(good: Path, sql: str) -> None:
    path = changed(good, sql)
    with pytest.raises(TwtuiError, match="is damaged"), Recording(path) as recording:
        # as the exports read it, which take events as they are
        for _ in recording.batches():
            pass


def test_a_recording_of_before_has_fewer_counters(good: Path) -> None:
    changed(good, "DROP VIEW ledger; ALTER TABLE counters DROP COLUMN retried")
    with Recording(good) as recording:
        assert final_snapshot(recording).total.completed > 0


def test_a_recording_of_later_has_more_columns(good: Path) -> None:
    changed(good, "ALTER TABLE counters ADD COLUMN more; ALTER TABLE events ADD COLUMN more")
    assert everything(good) > 0
