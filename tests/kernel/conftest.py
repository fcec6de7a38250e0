"""Fixtures for tests on the running kernel: they skip only where the doctor says that it cannot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernel_harness import TargetProcess

from twtui.backend.live import LiveBackend

_SOURCE = Path(__file__).parent / "targets" / "target.c"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="session", autouse=True)
def kernel_support() -> None:
    """Skip, with the doctor's words, where the monitor cannot work; CI forbids that on a kernel that can."""
    failing = [
        check for check in LiveBackend().doctor() if check["required"] and check["answer"] != "yes"
    ]
    if not failing:
        return
    reason = f"{failing[0]['name']}: {failing[0]['detail']}"
    if os.environ.get("TWTUI_KERNEL_TESTS") == "require":
        pytest.fail(f"kernel tests are required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def target_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test target, compiled."""
    program = tmp_path_factory.mktemp("targets") / "target"
    subprocess.run(
        ["gcc", "-O1", "-Wall", "-Werror", "-pthread", "-o", program, _SOURCE], check=True
    )
    return program


@pytest.fixture
def start_target(target_program: Path) -> Iterator[Callable[..., TargetProcess]]:
    """Starts targets, and ends those it started."""
    started: list[TargetProcess] = []

    def start(*arguments: object, text: str = "hello from user space") -> TargetProcess:
        target = TargetProcess(target_program, [str(argument) for argument in arguments], text)
        started.append(target)
        return target

    yield start
    for target in started:
        target.end()
