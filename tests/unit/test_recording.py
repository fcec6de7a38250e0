"""A recording holds a run: written batch by batch, rebuilt to the same fold, readable with plain SQL."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from twtui.commands.recorded import final_snapshot, top_values
from twtui.errors import TwtuiError
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Command, SetCapture, SetMapKinds, SetMode
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.recording import Options, Recorder, Recording
from twtui.wire.layout import iter_events

from .recordings import record_demo, replayed
from .support import HASH_RESUME, balanced, event, plan, reading, records

COMMANDS: dict[int, Command] = {
    10: SetMode(Mode.SIGNAL),
    20: SetCapture(0, parse_capture("u64(sp)")),
    30: SetMapKinds((MapKind.ARRAY,)),
}


def same(one: Snapshot, other: Snapshot) -> None:
    """Two snapshots that agree in everything that was counted and read."""
    for name in (
        "total", "latency", "invariants", "events", "events_seen", "captures", "triggers", "mode",
        "targets", "elapsed_ns", "at_ns", "notes", "names", "state",
    ):  # fmt: skip
        assert getattr(one, name) == getattr(other, name), name
    assert {r.row: r.counters for r in one.rows} == {r.row: r.counters for r in other.rows}
    assert {r.row: r.rates for r in one.rows} == {r.row: r.rates for r in other.rows}
    assert {r.row: r.history for r in one.rows} == {r.row: r.history for r in other.rows}


def test_a_replay_ends_as_the_run_did(tmp_path: Path) -> None:
    recorder, live = record_demo(tmp_path / "a", commands=COMMANDS)
    same(replayed(tmp_path / "a"), live)
    assert recorder.state is not None
    assert (recorder.state.active, recorder.state.ended, recorder.state.error) == (False, "end", "")


def test_a_jump_to_the_end_is_the_end(tmp_path: Path) -> None:
    _, live = record_demo(tmp_path / "a", seconds=8, commands=COMMANDS)
    with Recording(tmp_path / "a") as recording:
        found = final_snapshot(recording, fold.WINDOW)
    same(replace(found, rows=live.rows), live)
    assert {r.row: r.counters for r in found.rows} == {r.row: r.counters for r in live.rows}
    assert {r.row: r.rates for r in found.rows} == {r.row: r.rates for r in live.rows}


@pytest.mark.parametrize("number", [1, 2, 17, 64, 65, 140, 159])
def test_a_jump_is_the_fold_up_to_there(tmp_path: Path, number: int) -> None:
    record_demo(tmp_path / "a", seconds=8, commands=COMMANDS)
    with Recording(tmp_path / "a") as recording:
        batch = recording.jump(number)
        state = fold.opened(fold.starting(recording.meta.plan), recording.info)
        found = fold.snapshot(fold.fold(state, batch, list(iter_events(batch.records))))
    wanted = replayed(tmp_path / "a", upto=number)
    for name in ("events", "events_seen", "latency", "captures", "mode", "at_ns", "targets"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.total == wanted.total


def test_batches_come_back_in_any_order(tmp_path: Path) -> None:
    record_demo(tmp_path / "a", seconds=8)
    with Recording(tmp_path / "a") as recording:
        forward = [recording.batch(number) for number in range(1, recording.batch_count + 1)]
    with Recording(tmp_path / "a") as recording:
        backward = [recording.batch(number) for number in range(recording.batch_count, 0, -1)]
        assert recording.batch(recording.batch_count + 1) is None
    assert backward[::-1] == forward


def test_what_is_not_of_every_batch_is_kept(tmp_path: Path) -> None:
    hostile = event(1, comm=b"\xff\x1b", data=b"\0\xff", address=2**64 - 1)
    batches = [
        Batch(5, records([hostile]), captures={0: ("sample", "str(arg2)")}, mode="signal"),
        Batch(6, notes=("one", "\udc80 two"), names={(7, 2**63 + 5): "f+0x1 (kernel)"}),
        Batch(7, reading=reading({HASH_RESUME: balanced(1)}, quiet=True, cpu_ns=5), end=True),
    ]
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    for batch in batches:
        recorder.observe(batch, list(iter_events(batch.records)))
    with Recording(tmp_path / "a") as recording:
        found = [recording.batch(number) for number in (1, 2, 3)]
    batches[1] = replace(batches[1], notes=("one", "\\udc80 two"))
    assert batches[2].reading is not None
    ledger = {HASH_RESUME: balanced(1, delivered=0)}
    batches[2] = replace(batches[2], reading=replace(batches[2].reading, ledger=ledger))
    assert found == batches


def test_a_recording_may_begin_and_end_in_the_middle(tmp_path: Path) -> None:
    recorder, live = record_demo(
        tmp_path / "a", seconds=4, start_at=30, stop_at=60, commands={10: SetMode(Mode.SIGNAL)}
    )
    assert recorder.state is not None
    assert recorder.state.ended == "stopped"
    found = replayed(tmp_path / "a")
    assert found.mode is Mode.SIGNAL
    assert found.captures == live.captures
    assert 0 < len(found.events) < found.events_seen < live.events_seen
    assert not found.broken
    with Recording(tmp_path / "a") as recording:
        assert recording.start_ns == recording.first_ns
        assert not recording.whole


def test_a_second_recording_of_one_run(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    with pytest.raises(TwtuiError, match="under way"):
        recorder.start(tmp_path / "b", BackendInfo("live"))
    recorder.stop()
    recorder.stop()
    recorder.start(tmp_path / "b", BackendInfo("live"))
    recorder.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_it_ends_before_it_is_too_large(tmp_path: Path) -> None:
    limit = 300_000
    recorder, live = record_demo(
        tmp_path / "a", seconds=20, rate=200, options=Options(max_bytes=limit)
    )
    assert recorder.state is not None
    assert (recorder.state.ended, recorder.state.error) == ("max-size", "")
    assert limit / 2 < (tmp_path / "a").stat().st_size <= limit
    found = replayed(tmp_path / "a")
    assert 0 < found.events_seen < live.events_seen
    assert not found.broken


def test_plain_sql_is_enough(tmp_path: Path) -> None:
    _, live = record_demo(tmp_path / "a")
    database = sqlite3.connect(tmp_path / "a")
    (count,) = database.execute("SELECT count(*) FROM events").fetchone()
    assert count == live.events_seen
    text = database.execute(
        "SELECT text, trigger, capture, comm FROM captured WHERE text LIKE '/etc/%' LIMIT 1"
    ).fetchone()
    assert text[0].startswith("/etc/")
    assert text[1:3] == ("sample", "str(arg2)")
    (completed,) = database.execute("SELECT sum(completed) FROM ledger").fetchone()
    assert completed == live.total.completed
    (delivered,) = database.execute("SELECT sum(delivered) FROM ledger").fetchone()
    assert delivered == live.events_seen
    delays = database.execute("SELECT delay_ns FROM events WHERE delay_ns > 0").fetchall()
    assert len(delays) == live.total.completed
    meta = dict(database.execute("SELECT key, value FROM meta"))
    assert json.loads(meta["plan"]) == plan().to_wire()
    assert json.loads(meta["argv"]) == ["twtui", "record"]
    assert (meta["host"], meta["ended"], meta["with_data"]) == ("box", "end", 1)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    for number in range(3):
        events = [event(number)]
        recorder.observe(Batch(number + 1, records(events)), events)
        with Recording(tmp_path / "a") as recording:
            assert recording.event_count == number + 1
    recorder.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_values_are_counted_by_what_their_capture_was(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    for number, capture in enumerate(["str(arg1)", "str(arg2)"]):
        events = [event(i, data=b"same") for i in range(number + 2)]
        recorder.observe(
            Batch(number + 1, records(events), captures={0: ("sample", capture)}), events
        )
    recorder.stop()
    with Recording(tmp_path / "a") as recording:
        found = [(value.capture, value.data, value.count) for value in top_values(recording)]
    assert found == [("str(arg2)", b"same", 3), ("str(arg1)", b"same", 2)]
