"""How the doctor's questions are put: what comes of an error, and which questions there are."""

from __future__ import annotations

import errno

import pytest

from twtui.errors import CompileError, PermissionDeniedError, UnsupportedError
from twtui.kernel.doctor.check import yes
from twtui.kernel.doctor.checks import questions

from .check_samples import asked, raising


@pytest.mark.parametrize(
    ("error", "answer", "code"),
    [
        (UnsupportedError("what", "how"), "no", 4),
        (CompileError("what", "how", "log"), "no", 4),
        (PermissionDeniedError("what", "how"), "no", 5),
    ],
)
def test_an_error_of_ours_is_a_no_with_its_fix(error: Exception, answer: str, code: int) -> None:
    found = asked(raising(error))
    assert (found["answer"], found["detail"], found["fix"]) == (answer, "what", "how")
    assert found["exit_code"] == code


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "/proc/it"), "/proc/it: No such file"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ValueError("no number"), "no number"),
    ],
)
def test_what_cannot_be_found_out_is_unknown_and_no_obstacle(error: Exception, detail: str) -> None:
    found = asked(raising(error))
    assert (found["answer"], found["detail"], found["exit_code"]) == ("unknown", detail, 0)


def test_an_answer_comes_with_its_question() -> None:
    assert asked(lambda: yes("fine")) == {
        "group": "Group", "name": "name", "answer": "yes", "detail": "fine", "purpose": "purpose",
        "fix": "", "required": True, "exit_code": 0,
    }  # fmt: skip


def test_every_question_has_a_name_of_its_own_and_a_purpose() -> None:
    everything = [question for group in questions().values() for question in group]
    names = [question.name for question in everything]
    assert len(set(names)) == len(names)
    assert all(question.purpose for question in everything)
    assert {question.name for question in everything if question.required} == {
        "architecture", "BTF", "task work kfuncs", "helpers", "BCC", "compile", "programs",
        "privileges",
    }  # fmt: skip
