"""Tests read nothing of what whoever starts them has set up, and leave their process as it is."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .cli_machine import Machine

TESTS = Path(__file__).resolve().parent
THREE = (
    "test_cli_screens.py::test_a_target_goes_straight_to_the_monitor",
    "test_recording_commands.py::test_record_keeps_a_recording_and_prints_the_summary",
    "test_recording_commands.py::test_an_export_into_a_file",
)


@pytest.mark.parametrize(
    "variables",
    [
        {"SUDO_UID": "65534", "SUDO_GID": "65534", "SUDO_USER": "nobody"},
        {"TWTUI_PRESET": "files", "TWTUI_MAP": "array", "TWTUI_NO_DATA": "1"},
        {"HOME": "{home}"},
        {"XDG_CONFIG_HOME": "{home}/.config"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_of_whoever_starts_them(tmp_path: Path, variables: dict[str, str]) -> None:
    config = tmp_path / ".config" / "twtui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('preset = "files"\n')
    given = {name: value.format(home=tmp_path) for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
         *(TESTS / name for name in THREE)],
        env={**os.environ, **given}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_screen_of_a_test_leaves_the_garbage_collector_alone(machine: Machine) -> None:
    before = gc.get_threshold()
    machine.have_terminal()
    assert machine.run("-p", "5").code == 0
    assert gc.get_threshold() == before
