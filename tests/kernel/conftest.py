"""Fixtures for tests on the running kernel: they skip only where the doctor says that it cannot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kernel_harness import TargetProcess, wait_until
from skips import DOCTOR, are_required, has_been_asked, pytest_runtest_makereport

from twtui.backend.live import LiveBackend

__all__ = ["pytest_runtest_makereport"]
_TARGETS = Path(__file__).parent / "targets"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="session", autouse=True)
def kernel_support() -> None:
    """Skip, with the doctor's words, where the monitor cannot work; CI forbids that on a kernel that can."""
    if has_been_asked():
        return
    failing = [
        check for check in LiveBackend().doctor() if check["required"] and check["answer"] != "yes"
    ]
    if not failing:
        return
    reason = f"{DOCTOR}{failing[0]['name']}: {failing[0]['detail']}"
    if are_required():
        pytest.fail(f"kernel tests are required here, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def target_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test target, compiled."""
    return _compiled(tmp_path_factory, "target")


@pytest.fixture(scope="session")
def functions_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target whose functions are called, compiled."""
    return _compiled(tmp_path_factory, "functions")


@pytest.fixture(scope="session")
def shares_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target that spends known shares of its time in known functions, compiled."""
    return _compiled(tmp_path_factory, "shares")


@pytest.fixture(scope="session")
def registers_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target with known values in its registers, compiled."""
    return _compiled(tmp_path_factory, "registers")


@pytest.fixture(scope="session")
def stress_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What runs a BPF program from many threads, compiled."""
    return _compiled(tmp_path_factory, "stress")


@pytest.fixture(scope="session")
def blocking_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target that blocks in one call at a time, compiled."""
    return _compiled(tmp_path_factory, "blocking")


@pytest.fixture(scope="session")
def changing_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target that changes under its watcher, compiled."""
    # at the same addresses after an exec of itself
    return _compiled(tmp_path_factory, "changing", "-fno-pie", "-no-pie")


@pytest.fixture(scope="session")
def soak_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The target of the soak, compiled."""
    return _compiled(tmp_path_factory, "soak")


def _compiled(tmp_path_factory: pytest.TempPathFactory, name: str, *more_flags: str) -> Path:
    program = tmp_path_factory.mktemp("targets") / name
    flags = ["-O1", "-fno-omit-frame-pointer", "-Wall", "-Werror", "-pthread", *more_flags]
    subprocess.run(["gcc", *flags, "-o", program, _TARGETS / f"{name}.c"], check=True)
    return program


@pytest.fixture
def start_program() -> Iterator[Callable[..., TargetProcess]]:
    """Starts programs that speak like the test target, and ends those it started."""
    started: list[TargetProcess] = []

    def start(
        program: Path, *arguments: object, text: str = "hello from user space"
    ) -> TargetProcess:
        target = TargetProcess(program, [str(argument) for argument in arguments], text)
        started.append(target)
        return target

    yield start
    for target in started:
        target.end()


@pytest.fixture
def start_target(
    target_program: Path, start_program: Callable[..., TargetProcess]
) -> Callable[..., TargetProcess]:
    """Starts test targets."""
    return partial(start_program, target_program)


@pytest.fixture
def start_changing(
    changing_program: Path, start_program: Callable[..., TargetProcess]
) -> Callable[..., TargetProcess]:
    """Starts targets that change."""
    return partial(start_program, changing_program)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs, and ends those it started."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*words: object, **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([str(word) for word in words], **options)
        started.append(process)
        # until the exec it is a copy of this test
        wait_until(lambda: process.poll() is not None or _image(process.pid) != _image(os.getpid()))
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
        process.wait()


def _image(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
