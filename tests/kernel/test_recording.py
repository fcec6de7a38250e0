"""A recording of a live run: replayed it ends with the same ledger, counter by counter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from kernel_harness import TargetProcess, plan_for

from twtui.backend.base import Backend
from twtui.backend.demo import DemoBackend
from twtui.backend.live import LiveBackend
from twtui.backend.replay import ReplayBackend
from twtui.commands.recorded import final_snapshot
from twtui.engine import Engine
from twtui.export.schema import LINE_SCHEMA
from twtui.model.enums import Mode, RunState
from twtui.model.fold import WINDOW
from twtui.model.plan import Command, Plan, Probe, SetMode, Stop
from twtui.model.snapshot import Snapshot
from twtui.recording import Recorder, Recording

StartTarget = Callable[..., TargetProcess]


def run_recorded(backend: Backend, plan: Plan, path: Path) -> Snapshot:
    """Two seconds of a run in both modes, with a probe."""
    recorder = Recorder(plan)
    engine = Engine(backend, plan, lambda _: None, observers=(recorder.observe,))
    recorder.start(path, None)
    recorder.begin(engine.open())
    started = time.monotonic()
    commands: list[tuple[float, Command]] = [
        (0.6, SetMode(Mode.SIGNAL)),
        (1.0, Probe()),
        (2.0, Stop()),
    ]
    while engine.step(0.05):
        if commands and time.monotonic() - started > commands[0][0]:
            engine.submit(commands.pop(0)[1])
    assert engine.failure is None
    return engine.latest


def replayed(path: Path) -> Snapshot:
    backend = ReplayBackend(path, speed=None)
    engine = Engine(backend, backend.plan(), lambda _: None)
    engine.open()
    while engine.step():
        pass
    assert engine.failure is None
    return engine.latest


@pytest.mark.parametrize("backend", [LiveBackend, DemoBackend])
def test_a_replay_ends_with_the_ledger_of_the_run(
    start_target: StartTarget, tmp_path: Path, backend: type[LiveBackend | DemoBackend]
) -> None:
    target = start_target("spin", 2)
    plan = plan_for(target, capture=f"str({target.address:#x})")
    live = run_recorded(backend(), plan, tmp_path / "run")
    found = replayed(tmp_path / "run")
    assert {row.row: row.counters for row in found.rows} == {
        row.row: row.counters for row in live.rows
    }
    assert {row.row[1] for row in found.rows} == set(Mode)
    for name in (
        "total", "latency", "invariants", "events", "events_seen", "captures", "triggers", "mode",
        "targets", "elapsed_ns", "notes",
    ):  # fmt: skip
        assert getattr(found, name) == getattr(live, name), name
    assert not found.broken
    assert found.state is RunState.ENDED
    with Recording(tmp_path / "run") as recording:
        jumped = final_snapshot(recording, WINDOW)
    assert jumped.total == live.total
    assert jumped.events == live.events
    assert jumped.latency == live.latency


def twtui(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twtui", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_from_the_command_line(start_target: StartTarget, tmp_path: Path) -> None:
    target = start_target("spin", 1)
    path = tmp_path / "run.twtui"
    done = twtui(
        "record", "-p", target.pid, "-d", 2, "-o", path, "--json",
        "--capture", f"str({target.address:#x})", "--assert", "completed > 50",
        "--assert", "p50 < 1s", "--fail-on-loss",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout.splitlines()[-1])
    report = twtui("report", path, "--json", "--assert", "rescued == 0", "--assert", "lost == 0")
    assert report.returncode == 0, report.stderr
    found = json.loads(report.stdout)
    assert found["ledger"] == summary["ledger"]
    assert found["latency"] == summary["latency"]
    assert found["top"][0]["text"] == target.text.decode()
    exported = twtui("export", path)
    assert exported.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_every_line_is_valid_also_after_a_signal(
    start_target: StartTarget, tmp_path: Path, number: signal.Signals
) -> None:
    target = start_target("spin", 1)
    command = [sys.executable, "-m", "twtui", "record", "-p", str(target.pid), "--json", "-o"]
    with subprocess.Popen(
        [*command, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    ) as recording:
        assert recording.stdout
        first = [recording.stdout.readline() for _ in range(100)]
        recording.send_signal(number)
        rest = recording.stdout.readlines()
    assert recording.returncode == 0
    lines = [json.loads(line) for line in first + rest]
    valid = Draft202012Validator(LINE_SCHEMA)
    for line in lines:
        valid.validate(line)
    assert (lines[0]["type"], lines[-1]["type"]) == ("header", "summary")
    assert {line["type"] for line in lines[1:-1]} == {"event"}
    with Recording(tmp_path / "run") as kept:
        assert kept.whole
        assert kept.event_count == sum(line["type"] == "event" for line in lines)


def test_a_dead_target_is_no_recording(tmp_path: Path) -> None:
    done = twtui("record", "-p", 999999999, "-o", tmp_path / "run")
    assert done.returncode == 6
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_the_kernel_refuses_leaves_no_file(
    start_target: StartTarget, tmp_path: Path
) -> None:
    target = start_target("spin", 1)
    done = twtui(
        "record", "-p", target.pid, "--trigger", "syscall:nosuchcall", "-o", tmp_path / "run"
    )
    assert done.returncode in (2, 4)
    assert list(tmp_path.iterdir()) == []
