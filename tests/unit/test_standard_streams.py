"""Standard streams that are closed, full, or of few characters: an error in words, and no file left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twtui.errors import UsageError
from twtui.recording.ownership import refuse_existing

from .cli_machine import Machine

PRINTING = [
    ["--help"],
    ["record", "--version"],
    ["config"],
    ["presets"],
    ["record", "--json-schema"],
]


def run_in_shell(
    redirection: str, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The command with the streams of its shell, redirected as given."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "twtui", *words],
        capture_output=True, text=True, timeout=60, env={**os.environ, **variables},
    )  # fmt: skip


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said(words: list[str], unbuffered: str) -> None:
    done = run_in_shell(">/dev/full", *words, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["twtui: cannot write to standard output: No space left on device", "make room for it"],
    )


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_closed_standard_output_is_said(words: list[str]) -> None:
    done = run_in_shell(">&-", *words)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["twtui: standard output is closed", "send it to a file, or to /dev/null"],
    )


def test_a_recording_stays_where_nothing_can_be_printed(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.write_text("a recording")
    done = run_in_shell(">&-", "record", "-p", str(os.getpid()), "-o", str(before), "--force")
    assert (done.returncode, before.read_text()) == (1, "a recording")


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_characters_that_are_missing_are_written_out(words: list[str]) -> None:
    done = run_in_shell("", *words, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr, bool(done.stdout)) == (0, "", True)


def test_the_other_streams_may_be_closed() -> None:
    done = run_in_shell("<&- 2>&-", "config")
    assert (done.returncode, done.stderr) == (0, "")
    assert "max-bytes" in done.stdout
    done = run_in_shell("<&- 2>&-", "--bogus")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    assert run_in_shell("<&-").stderr.startswith("twtui: the screen needs a terminal\n")


def test_a_doctor_prints_like_the_rest(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr("twtui.commands.output.print_pieces", printed.extend)
    assert machine.run("doctor", "--json").out == ""
    assert '"checks"' in printed[0]


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_file_needs_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="names no file"):
        refuse_existing(Path(name), force=True)
