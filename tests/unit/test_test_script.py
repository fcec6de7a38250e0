"""What make test runs for an ordinary user: the tests without root, then through sudo those of the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test"
PROGRAMS = {
    ".venv/bin/pytest": 'echo "pytest $*, kernel tests: ${TWTUI_KERNEL_TESTS-not said}"',
    "bin/sudo": 'unset TWTUI_KERNEL_TESTS; exec "$@"',
    "bin/grep": "exit 0  # the kernel has task work",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A checkout of this script alone, into which an ordinary user can look."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        for program, text in PROGRAMS.items():
            file = path / program
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"#!/bin/sh\n{text}\n")
            file.chmod(0o755)
        shutil.copy(SCRIPT, path / "test")
        yield path


@pytest.mark.parametrize(("required", "said"), [("require", "require"), ("", "not said")])
def test_sudo_is_told_whether_kernel_tests_are_required(
    folder: Path, required: str, said: str
) -> None:
    environ = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "TWTUI_KERNEL_TESTS": required}
    done = subprocess.run(
        [folder / "test"], capture_output=True, text=True, cwd=folder, env=environ,
        user=65534 if os.geteuid() == 0 else None,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == (
        f"pytest --quiet --numprocesses auto --ignore=tests/kernel, kernel tests: {required}"
    )
    assert lines[-1] == f"pytest -p no:cacheprovider tests/kernel, kernel tests: {said}"
