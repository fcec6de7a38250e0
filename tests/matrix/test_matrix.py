"""What the matrix puts together, and how it reads and shows what came of it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from choice import RUNNING, SUITES, Row, default_kernels, named_kernels, rows
from inside import MARK
from machines import Ended
from roots import CHECKOUT, pinned_requirements
from smoke import COSTLY, ONLY_IN_GUESTS, SMOKE
from table import Result, as_json, read_result, table

OFFERED = [
    f"{version}-cloud-amd64"
    for version in ("6.1.0-47", "6.1.0-50", "6.12.9+deb12", "6.12.107+deb13", "6.17.13+deb13",
                    "6.18.5+deb13", "6.18.15+deb13", "6.19.14+deb13", "7.0.9+deb13",
                    "7.0.13+deb13", "7.3.4+deb13")
]  # fmt: skip
VERSIONS = {"bcc": "0.37.0+ds-8", "llvm": "1:21.1.8-14", "python": "3.14.8-1"}
ROW = Row("7.3.4+deb13-cloud-amd64", "sid")


def test_the_newest_of_each_series_is_taken_and_two_old_ones() -> None:
    numbers = [release.partition("+")[0] for release in default_kernels(OFFERED)]
    assert numbers == ["6.1.0-50-cloud-amd64", "6.12.107", "6.18.15", "6.19.14", "7.0.13", "7.3.4"]


def test_a_kernel_is_named_by_series_or_release() -> None:
    names = ["7.0", "6.18.5+deb13-cloud-amd64", RUNNING]
    assert named_kernels(OFFERED, names) == ["7.0.13+deb13-cloud-amd64", *names[1:]]


@pytest.mark.parametrize("name", ["7.9", "seven", "7", "6.18.99"])
def test_a_kernel_that_is_not_offered_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"6\.1, 6\.12, 6\.17, 6\.18, 6\.19, 7\.0, 7\.3"):
        named_kernels(OFFERED, [name])


def test_every_kernel_meets_a_bcc_and_every_bcc_the_oldest_or_the_newest_with_task_work() -> None:
    chosen = rows([*default_kernels(OFFERED), RUNNING])
    by_kernel: dict[str, list[str]] = {}
    for row in chosen:
        by_kernel.setdefault(row.kernel, []).append(row.suite)
    assert by_kernel.pop(RUNNING) == list(SUITES)
    old = {kernel: suites for kernel, suites in by_kernel.items() if not Row(kernel, "sid").works}
    assert list(old.values()) == [["bookworm"], ["trixie"]]
    oldest, *others, newest = [suites for kernel, suites in by_kernel.items() if kernel not in old]
    assert len(oldest) == len(newest) == 2
    assert {*oldest, *newest} == set(SUITES)
    assert [len(suites) for suites in others] == [1, 1]
    assert others[0] != others[1]


def test_the_costly_tests_run_on_the_running_kernel_and_once_on_the_newest() -> None:
    chosen = rows([*default_kernels(OFFERED), RUNNING])
    thorough = [row for row in chosen if row.is_thorough]
    assert [row.suite for row in thorough if row.is_running] == list(SUITES)
    (guest,) = [row for row in thorough if not row.is_running]
    assert guest.kernel == default_kernels(OFFERED)[-1]


def test_a_kernel_that_is_alone_meets_two_bccs() -> None:
    assert len({row.suite for row in rows(["7.3.4+deb13-cloud-amd64"])}) == 2


def test_the_bccs_that_are_named_meet_every_kernel() -> None:
    chosen = rows(["6.1.0-50-cloud-amd64", RUNNING], ["sid", "forky"])
    assert [row.suite for row in chosen] == ["sid", "forky"] * 2


def test_only_kernels_before_6_18_have_to_refuse() -> None:
    refusing = {kernel for kernel in OFFERED if not Row(kernel, "sid").works}
    assert refusing == set(OFFERED[:5])
    assert Row(RUNNING, "sid").works


def test_every_smoke_test_is_there() -> None:
    """A test that was renamed would be noticed in a guest only."""
    for name in (*SMOKE, *COSTLY, *ONLY_IN_GUESTS):
        file, _, function = name.partition("[")[0].partition("::")
        tree = ast.parse((CHECKOUT / "tests" / "kernel" / file).read_text())
        defined = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert not function or function in defined, name


def test_roots_get_what_is_locked_with_its_hashes_and_nothing_compiled() -> None:
    blocks = re.split(r"\n(?=\S)", pinned_requirements(CHECKOUT).strip())
    names = [block.partition("==")[0] for block in blocks]
    assert {"textual", "rich", "pytest", "pytest-asyncio"} <= set(names)
    assert not {"psutil", "py-spy", "ruff", "mypy"} & set(names)
    assert len(names) == len(set(names))
    assert all("--hash=sha256:" in block and not block.endswith("\\") for block in blocks)


def output_of(**changed: Any) -> str:
    said = {
        "kernel": "7.3.4+deb13-cloud-amd64",
        "up_s": 7.4,
        "problems": [],
        "said": {"task work kfuncs": "4 parameters"},
        "tests": {"passed": 21, "failed": 0, "skipped": 0},
        "record": {mode: {"scheduled": 90, "completed": 89, "rescued": 8} for mode in ("resume", "signal")},
    }  # fmt: skip
    return f"much before\n{MARK}{json.dumps({**said, **changed})}\n[   9.1] reboot: Power down\n"


def result_of(output: str, problem: str = "") -> Result:
    return read_result(ROW, Ended(output, 93.0, problem), VERSIONS, Path("/cache/logs/row.log"))


def test_a_row_that_works() -> None:
    result = result_of(output_of())
    assert result.passed
    _, line = table([result]).splitlines()
    assert (
        line.split()
        == (
            "7.3.4+deb13-cloud-amd64 0.37.0 sid 21.1.8 3.14.8 4 parameters 21/21 89/90 89/90 7 s 93 s works"
        ).split()
    )


def test_a_row_that_refuses_says_what_is_needed() -> None:
    result = result_of(output_of(record={}, refusal="Linux 6.18 or later is needed: no task work"))
    assert result.passed
    assert "refuses (Linux 6.18 or later is needed: no task work)" in table([result])


@pytest.mark.parametrize(
    ("output", "problem", "words"),
    [
        (output_of(problems=["failed: test_one", "failed: test_two"]), "", "failed: test_one"),
        (output_of(), "no end within 9 s", "no end within 9 s"),
        ("[ 0.9] Kernel panic", "no end within 9 s", "no end within 9 s"),
        ("[ 0.9] Kernel panic", "", "it ended without a result"),
        ("", "", "it ended without a result"),
    ],
)
def test_a_row_that_failed_says_why_and_where_to_look(
    output: str, problem: str, words: str
) -> None:
    result = result_of(output, problem)
    assert not result.passed
    text = table([result])
    assert f"FAILED: {words}" in text
    assert "see /cache/logs/row.log" in text
    for said in result.problems:
        assert f"\n  {said}" in text


def test_the_table_as_json() -> None:
    rows_ = json.loads(as_json([result_of(output_of()), result_of("")]))["rows"]
    assert [row["passed"] for row in rows_] == [True, False]
    assert rows_[0]["record"]["signal"]["completed"] == 89
