"""The doctor: what is missing decides, and both forms say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from twtui.doctor import first_obstacle, report
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
    checks = [check("kernel"), check("tracefs", "no", required=False), check("bcc", "unknown")]
    assert first_obstacle(checks) is None
    assert "twtui works here" in report(checks, as_json=False)


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


def test_json_has_the_fields_of_every_check() -> None:
    checks = [check("kernel"), check("bcc", "no", exit_code=4)]
    found = json.loads(report(checks, as_json=True))
    assert set(found) == {"checks"}
    assert [item["answer"] for item in found["checks"]] == ["yes", "no"]
    assert set(found["checks"][0]) >= {"name", "answer", "detail", "fix"}
