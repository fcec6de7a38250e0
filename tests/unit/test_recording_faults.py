"""What can go wrong with a recording: each case is one clear line, and what was written stays."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.commands.recorded import final_snapshot
from twtui.errors import TwtuiError
from twtui.model.batch import Batch
from twtui.recording import Recorder, Recording

from .recordings import everything, record_demo
from .support import HASH_RESUME, balanced, event, plan, reading, records

ROOT = Path(__file__).parents[2]
KILLS = 20
MOST_BATCHES = 200
WRITER = """
import os, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.unit.recordings import Recorder, record_demo
observe = Recorder.observe
def observe_and_tell(*words):
    observe(*words)
    os.write(1, b".")
Recorder.observe = observe_and_tell
os.write(1, b"g")
record_demo(Path({path!r}), seconds=600, rate=300)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_loses_nothing_that_was_written(small_disk: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(small_disk / "a", None)
    number = 0
    while (state := recorder.state) and state.active:
        events = [event(number + i, data=bytes(200)) for i in range(100)]
        number += 100
        ledger = {HASH_RESUME: balanced(number)}
        recorder.observe(Batch(number, records(events), reading(ledger)), events)
        assert number < 200_000
    assert state is not None
    assert (state.ended, state.error) == (
        "failed", f"cannot write {small_disk / 'a'}: the disk is full"
    )  # fmt: skip
    # the run goes on without a recording
    recorder.observe(Batch(number + 1, end=True), [])
    assert [path.name for path in small_disk.iterdir()] == ["a"]
    assert everything(small_disk / "a") == state.events == number - 100


def test_a_full_disk_at_the_start(small_disk: Path) -> None:
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={small_disk / 'filler'}", "bs=4k"],
        capture_output=True, check=False,
    )  # fmt: skip
    with pytest.raises(TwtuiError, match="cannot write") as raised:
        Recorder(plan()).start(small_disk / "a", None)
    assert "\n" not in raised.value.message
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_killed_at_any_moment_it_opens_and_holds_all_but_the_last_batch(tmp_path: Path) -> None:
    chance = random.Random(7)
    for batches in [0, *chance.sample(range(1, MOST_BATCHES), KILLS - 1)]:
        path = tmp_path / f"run-{batches}"
        program = WRITER.format(root=str(ROOT), path=str(path))
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            assert len(writer.stdout.read(1 + batches)) == 1 + batches
            writer.kill()
        if not batches and not path.exists():
            continue  # killed before it was there at all
        written = everything(path)
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        with Recording(path) as recording:
            assert not recording.whole
            assert recording.batch_count >= batches
            # the batches are there without a gap, each whole
            assert [batch.at_ns for batch, _ in recording.batches()] == sorted(
                batch.at_ns for batch, _ in recording.batches()
            )
            snapshot = final_snapshot(recording)
            assert snapshot.events_seen == written
            assert not snapshot.broken


def test_every_batch_but_the_last_is_there(tmp_path: Path) -> None:
    """What was said to be written is there when the process is killed right afterwards."""
    program = f"""
import os, sys
from pathlib import Path
sys.path[:0] = [{str(ROOT)!r}]
from tests.unit.support import event, plan, records
from twtui.model.batch import Batch
from twtui.recording import Recorder
recorder = Recorder(plan())
recorder.start(Path({str(tmp_path / "a")!r}), None)
for number in range(100_000):
    events = [event(number)]
    recorder.observe(Batch(number + 1, records(events)), events)
    os.write(1, f"{{number + 1}}\\n".encode())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        for _ in range(50):
            writer.stdout.readline()
        writer.kill()
        said = [int(line) for line in writer.stdout.read().splitlines() if line]
    with Recording(tmp_path / "a") as recording:
        assert recording.batch_count - max(said, default=50) in (0, 1)
        assert recording.event_count == recording.batch_count


def test_a_number_that_sqlite_cannot_hold_ends_the_recording_only(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None)
    recorder.observe(Batch(1), [event(trigger_ns=2**64 - 1)])
    assert recorder.state is not None
    assert recorder.state.ended == "failed"
    assert "cannot write" in recorder.state.error
    assert everything(tmp_path / "a") == 0


def test_memory_does_not_grow_with_what_is_written(tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None)
    early = 0
    for number in range(40):
        events = [event(number * 1000 + i) for i in range(1000)]
        recorder.observe(Batch(number + 1, records(events)), events)
        if number == 10:
            early = resident()
    assert resident() - early < 4 << 20
    recorder.stop()
    record_demo(tmp_path / "b", seconds=1)
