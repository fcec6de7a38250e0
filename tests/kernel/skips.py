"""Which skips are justified: what the doctor says, a test's own tool that is missing, another machine.

With ``TWTUI_KERNEL_TESTS=require``, as in CI on a kernel with task work, every other skip is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from functools import cache

import pytest

from twtui.backend.live import LiveBackend

DOCTOR, MACHINE = "the doctor: ", "this machine "
TOOL = " is not installed"


def are_required() -> bool:
    """A kernel test that does not run is a failure."""
    return os.environ.get("TWTUI_KERNEL_TESTS") == "require"


def has_been_asked() -> bool:
    """Whoever started the tests has seen the doctor say yes; under emulation it takes half a minute."""
    return os.environ.get("TWTUI_TEST_DOCTOR") == "yes"


def is_justified(reason: str) -> bool:
    """Whether a test may be skipped for that reason."""
    return reason.startswith((DOCTOR, MACHINE)) or reason.endswith(TOOL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a skip that nothing justifies."""
    report = yield
    if are_required() and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not is_justified(reason):
            report.outcome = "failed"
            report.longrepr = f"kernel tests are required here, and this one was skipped: {reason}"
    return report


Trials = Sequence[Mapping[str, str]]


@cache
def doctors_trials() -> Trials:
    """What ``twtui doctor --programs`` finds, once for a run of the tests."""
    return LiveBackend().programs()


def reason_of_the_doctor(trials: Trials, name: str, hook: str) -> str:
    """Why a program of a type cannot run at a hook, as the doctor has it; empty when it can.

    Args:
        trials: The doctor's.
        name: Of the type.
        hook: What the program attaches to.
    """
    for trial in (trial for trial in trials if trial["type"] == name):
        if trial["answer"] == "unavailable":
            return f"{DOCTOR}{name} is unavailable: {trial['detail']}"
        for part in trial["detail"].split("; "):
            if part.startswith((f"not at {hook}: ", "it never runs: ")):
                return f"{DOCTOR}{name}: {part}"
    return ""


def skip_where_the_doctor_says_so(name: str, hook: str) -> None:
    """Skip where the doctor finds that no program of the type can run at the hook; nowhere else."""
    if reason := reason_of_the_doctor(doctors_trials(), name, hook):
        pytest.skip(reason)
