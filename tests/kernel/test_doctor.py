"""The doctor on the running kernel: it says what the kernel itself shows, and reads it with no right but its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nobody import as_nobody, needs_readable_python

from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.bpf.placeholders import HELPERS

_FINE = {
    "perf_event_paranoid": range(-1, 3),
    "unprivileged_bpf_disabled": (1, 2),
    "kptr_restrict": (0, 1),
    "bpf_stats_enabled": (0, 1),
}
"""The values of each setting that are no obstacle to an ordinary user."""
SETTINGS = tuple(_FINE)


def value_of(name: str) -> str:
    return Path(f"/proc/sys/kernel/{name}").read_text().strip()


def doctor(*prefix: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code and its checks by name."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "twtui", "doctor", "--json"],
        capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.fixture(scope="module")
def checks() -> dict[str, dict[str, Any]]:
    code, found = doctor()
    assert code == 0
    return found


def test_nothing_that_is_required_is_missing_or_unknown(checks: dict[str, dict[str, Any]]) -> None:
    assert {check["answer"] for check in checks.values() if check["required"]} == {"yes"}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_what_the_kernel_says(checks: dict[str, dict[str, Any]], name: str) -> None:
    assert checks[name]["detail"].startswith(f"{value_of(name)}: ")


def test_helpers_have_their_numbers_in_this_kernel(checks: dict[str, dict[str, Any]]) -> None:
    numbers = kernel_btf().enumerators("bpf_func_id")
    assert {numbers[f"BPF_FUNC_{name}"]: name for name in HELPERS.values()} == HELPERS
    assert str(len(HELPERS)) in checks["helpers"]["detail"]


def test_llvm_is_the_one_that_is_loaded_with_bcc(checks: dict[str, dict[str, Any]]) -> None:
    mapped = subprocess.run(
        [sys.executable, "-c", "import bcc; print(open('/proc/self/maps').read())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if found := re.search(r"/libLLVM\S*?(\d+[\d.]*)\S*$", mapped, re.MULTILINE):
        assert checks["LLVM"]["detail"] == f"version {found[1].rstrip('.')}"
    else:
        assert checks["LLVM"]["answer"] == "unknown"


def test_an_ordinary_user_learns_what_can_be_found_out_and_what_not() -> None:
    needs_readable_python()
    code, found = doctor(*as_nobody())
    assert code == 5
    assert found["privileges"]["answer"] == "no"
    assert {name for name, check in found.items() if check["answer"] == "unknown"} >= {
        "compile", "programs",
    }  # fmt: skip
    for name in ("architecture", "BTF", "task work kfuncs", "helpers", "BCC"):
        assert found[name]["answer"] == "yes", found[name]
    for name in SETTINGS:
        wanted = "yes" if int(value_of(name)) in _FINE[name] else "no"
        assert found[name]["answer"] == wanted, found[name]
