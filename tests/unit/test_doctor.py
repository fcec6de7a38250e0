"""The doctor: what is missing decides, and both forms say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from twtui.commands.doctor import first_obstacle, report
from twtui.errors import PermissionDeniedError, UnsupportedError


def check(name: str, answer: str = "yes", required: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "answer": answer,
        "detail": f"{name} is {answer}",
        "fix": "" if answer == "yes" else f"fix {name}",
        "required": required,
        **more,
    }


def test_everything_works() -> None:
    checks = [check("kernel"), check("tracefs", "no", required=False)]
    assert first_obstacle(checks) is None
    assert report(checks, as_json=False).endswith("\n\ntwtui works here\n")


def test_what_could_not_be_found_out_is_no_obstacle_and_is_named() -> None:
    checks = [check("kernel"), check("bcc", "unknown"), check("pmu", "unknown", required=False)]
    assert first_obstacle(checks) is None
    text = report(checks, as_json=False)
    assert text.endswith("\n\ntwtui works here, as far as could be found out: not bcc\n")


@pytest.mark.parametrize(
    ("code", "kind"), [(4, UnsupportedError), (5, PermissionDeniedError), (None, UnsupportedError)]
)
def test_a_required_check_stands_in_the_way(code: int | None, kind: type) -> None:
    problem = first_obstacle([check("kernel"), check("bcc", "no", exit_code=code)])
    assert problem is not None
    assert type(problem) is kind
    assert (problem.message, problem.hint) == ("bcc is no", "fix bcc")


def test_what_is_missing_comes_before_what_is_forbidden() -> None:
    checks = [check("privileges", "no", exit_code=5), check("bcc", "no", exit_code=4)]
    problem = first_obstacle(checks)
    assert problem is not None
    assert problem.exit_code == 4


def test_text_says_how_to_fix() -> None:
    text = report([check("kernel"), check("bcc", "no", exit_code=4)], as_json=False)
    assert "fix: fix bcc" in text
    assert "fix kernel" not in text
    assert "twtui cannot run here: bcc is no" in text


def test_checks_stand_under_their_headings_in_one_column() -> None:
    checks = [
        check("kernel", group="Kernel", purpose="it all"),
        check("a longer name", "no", required=False, group="Kernel", purpose="something"),
        check("bcc", "unknown", group="Compiler", purpose="programs"),
    ]
    assert report(checks, as_json=False).splitlines()[:-2] == [
        "Kernel",
        "  yes     kernel         kernel is yes",
        "  no      a longer name  a longer name is no",
        "                         for: something",
        "                         fix: fix a longer name",
        "",
        "Compiler",
        "  unknown bcc            bcc is unknown",
        "                         for: programs",
        "                         fix: fix bcc",
    ]


def test_what_a_check_is_for_is_said_where_it_is_not_well() -> None:
    checks = [
        check(name, answer, required=False, purpose=f"use {name}")
        for name, answer in (("one", "yes"), ("two", "no"), ("three", "unknown"))
    ]
    text = report(checks, as_json=False)
    assert "use one" not in text
    assert "for: use two" in text
    assert "for: use three" in text


TRIALS = [
    {"type": kind, "kfunc": f"bpf_task_work_schedule_{mode}", "answer": answer, "detail": detail}
    for kind, answer, detail in (
        ("XDP", "accepted", ""),
        ("LSM", "rejected", "R2 \x1b[31m doesn't point to a map value, and more words than fit"),
    )
    for mode in ("resume", "signal")
]


def test_program_types_have_a_line_each_and_an_answer_for_each_kfunc() -> None:
    lines = report([check("kernel")], as_json=False, trials=TRIALS).splitlines()
    assert "program type  resume    signal" in lines
    assert "XDP           accepted  accepted" in lines
    assert any(line.startswith("LSM           rejected  rejected  R2 ") for line in lines)
    assert sum("doesn't point" in line for line in lines) == 1
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_text_is_folded_at_the_width_of_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    found = [check("a check", "no", exit_code=4, detail="piece " * 60), check("kernel")]
    text = report(found, as_json=False, trials=TRIALS)
    assert text.count("piece") == 120
    assert max(map(len, text.splitlines())) <= max(columns, 48)


def test_what_a_check_says_is_escaped() -> None:
    hostile = [check("bcc", "no", exit_code=4, detail="\x1b]52;c;x\x07 said the import")]
    text = report(hostile, as_json=False)
    assert "\x1b" not in text
    assert r"\x1b]52;c;x\x07" in text


def test_json_has_the_trials_when_they_were_asked_for() -> None:
    assert json.loads(report([check("kernel")], as_json=True, trials=TRIALS))["programs"] == TRIALS
    assert "programs" not in json.loads(report([check("kernel")], as_json=True))


def test_json_has_the_fields_of_every_check() -> None:
    checks = [check("kernel"), check("bcc", "no", exit_code=4)]
    found = json.loads(report(checks, as_json=True))
    assert set(found) == {"checks"}
    assert [item["answer"] for item in found["checks"]] == ["yes", "no"]
    assert set(found["checks"][0]) == {
        "group", "name", "answer", "detail", "purpose", "fix", "required",
    }  # fmt: skip
