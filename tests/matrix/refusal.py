"""On a kernel without task work: what needs it refuses in words, and everything else works."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import ProgramInTerminal

from twtui.commands.demo import RECORDING

_UNSUPPORTED = 4
_NEEDED = "Linux 6.18"
_MISSING = "no BPF task work"


def twtui(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twtui", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def twtui_in_terminal(*words: object, keys: bytes = b"") -> tuple[int, str]:
    """Run it where it may draw; keys are pressed once it has drawn its screen."""
    with ProgramInTerminal(
        [sys.executable, "-m", "twtui", *map(str, words)], patience_s=300
    ) as terminal:
        if keys:
            terminal.until_seen("quit")
            terminal.press(keys)
        return terminal.wait(), terminal.output.decode(errors="replace")


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that could be watched."""
    with subprocess.Popen(["sleep", "infinity"]) as process:
        yield process.pid
        process.kill()


def assert_refused(code: int, said: str) -> None:
    assert code == _UNSUPPORTED, said
    unfolded = " ".join(said.split())
    assert _NEEDED in unfolded
    assert _MISSING in unfolded
    assert "Traceback" not in said


def test_the_doctor_says_what_is_missing_and_what_is_needed() -> None:
    done = twtui("doctor")
    assert_refused(done.returncode, done.stdout)
    assert done.stderr == ""


def test_the_doctor_says_the_same_as_json() -> None:
    done = twtui("doctor", "--json")
    assert done.returncode == _UNSUPPORTED
    by_name = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    kfuncs = by_name["task work kfuncs"]
    assert kfuncs["answer"] == "no"
    assert _MISSING in kfuncs["detail"]
    assert _NEEDED in kfuncs["fix"]
    for name in ("BTF", "BCC", "privileges"):
        assert by_name[name]["answer"] == "yes", f"{name} is not what is missing"
    for name in ("compile", "programs"):
        assert by_name[name]["answer"] == "unknown", "it has been tried without the kfuncs"


def test_record_refuses_and_writes_nothing(sleeper: int, tmp_path: Path) -> None:
    kept = tmp_path / "run.twtui"
    done = twtui("record", "-p", sleeper, "-d", 1, "--json", "-o", kept)
    assert_refused(done.returncode, done.stderr)
    assert done.stdout == ""
    assert not kept.exists()


def test_a_program_that_record_would_have_started_is_not_run(tmp_path: Path) -> None:
    done = twtui("record", "--json", "--", "touch", tmp_path / "ran")
    assert_refused(done.returncode, done.stderr)
    assert not (tmp_path / "ran").exists()


def test_the_screen_of_a_process_is_refused_before_it_is_drawn(sleeper: int) -> None:
    code, said = twtui_in_terminal("-p", sleeper)
    assert_refused(code, said)
    assert "\x1b[?1049h" not in said, "it has drawn"


def test_without_a_process_the_screen_says_what_is_missing_and_so_does_what_is_left_of_it() -> None:
    code, said = twtui_in_terminal(keys=b"q")
    drawn, left, behind = said.rpartition("\x1b[?1049l")
    assert left, "it has not drawn"
    assert "Nothing can be watched here yet" in drawn
    assert_refused(code, behind)


def test_the_demo_shows_its_recording_and_says_why() -> None:
    code, said = twtui_in_terminal("demo", keys=b"q")
    assert code == 0, said
    assert "recorded on Linux 6.18" in said


def test_a_recording_is_replayed_on_the_screen() -> None:
    code, said = twtui_in_terminal("replay", RECORDING, keys=b"q")
    assert code == 0, said
    assert "Callbacks" in said


def test_a_recording_is_replayed_and_checked_without_a_terminal() -> None:
    done = twtui("replay", RECORDING, "--assert", "completed>0")
    assert done.returncode == 0, done.stderr


def test_a_recording_is_reported_exported_and_compared() -> None:
    report = twtui("report", RECORDING, "--json")
    assert report.returncode == 0, report.stderr
    assert all(json.loads(report.stdout)["invariants"].values())
    export = twtui("export", RECORDING, "--format", "jsonl")
    assert export.returncode == 0, export.stderr
    types = [json.loads(line)["type"] for line in export.stdout.splitlines()]
    assert types[0] == "header"
    assert types[-1] == "summary"
    assert "event" in types
    diff = twtui("diff", RECORDING, RECORDING, "--json")
    assert diff.returncode == 0, diff.stderr
    assert json.loads(diff.stdout)


def test_exported_lines_are_replayed_from_a_pipe() -> None:
    lines = twtui("export", RECORDING, "--format", "jsonl").stdout
    command = [sys.executable, "-m", "twtui", "replay", "-", "--assert", "completed>0"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
