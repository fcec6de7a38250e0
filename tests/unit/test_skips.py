"""A kernel test that is skipped without a good reason is a failure where kernel tests are required."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

KERNEL_TESTS = Path(__file__).resolve().parent.parent / "kernel"
REASONS = {
    "the doctor: LSM is unavailable: this kernel was built without it": True,
    "tmux is not installed": True,
    "this machine has hardware counters": True,
    "this kernel permits no program at bpf_lsm_file_open": False,
    "it did not work": False,
}
TESTS = """
import pytest

@pytest.mark.parametrize("reason", {reasons})
def test_skipped(reason):
    pytest.skip(reason)

@pytest.mark.skip(reason="not today")
def test_marked():
    pass

def test_run():
    pass
"""


def run(tmp_path: Path, required: str) -> tuple[int, dict[str, int]]:
    """Pytest's exit code, and how many tests had which outcome."""
    (tmp_path / "conftest.py").write_text("from skips import pytest_runtest_makereport\n")
    (tmp_path / "test_it.py").write_text(TESTS.format(reasons=list(REASONS)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        env={**os.environ, "PYTHONPATH": str(KERNEL_TESTS), "TWTUI_KERNEL_TESTS": required},
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    last = done.stdout.strip().splitlines()[-1]
    return done.returncode, {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", last)}


def test_where_they_are_required_only_good_reasons_count(tmp_path: Path) -> None:
    code, outcomes = run(tmp_path, "require")
    good = sum(REASONS.values())
    assert code == 1
    assert (outcomes["passed"], outcomes["skipped"]) == (1, good)
    # what a mark skips is skipped before it begins, which makes it an error
    assert (outcomes["failed"], outcomes["error"]) == (len(REASONS) - good, 1)


@pytest.mark.parametrize("required", ["", "no"])
def test_elsewhere_a_skip_is_a_skip(tmp_path: Path, required: str) -> None:
    code, outcomes = run(tmp_path, required)
    assert (code, outcomes["passed"], outcomes["skipped"]) == (0, 1, len(REASONS) + 1)
