"""The least set of capabilities, as another user: what it is enough for, and what each of the rest buys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kernel_harness import TargetProcess
from nobody import NOBODY, as_nobody, needs_readable_python

from twtui.kernel.compiling.program_cache import DIRECTORY_VARIABLE
from twtui.kernel.privileges import HELPFUL, NEEDED

StartTarget = Callable[..., TargetProcess]
LEAST = tuple(NEEDED)
OPENS = ("--trigger", "syscall:openat", "--capture", "str(arg2)")
PROBE = ("--trigger", "probe:20hz", "-c", "3")


@pytest.fixture(scope="module", autouse=True)
def other_user() -> Iterator[dict[str, str]]:
    """The environment of a user with a home of its own, where compiled programs are kept."""
    needs_readable_python()
    # not below pytest's own directory, which is private
    with TemporaryDirectory() as home:
        os.chown(home, NOBODY, NOBODY)
        environ = {**os.environ, "HOME": home}
        environ.pop(DIRECTORY_VARIABLE, None)
        yield environ


@pytest.fixture
def record(other_user: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(capabilities: tuple[str, ...], *arguments: object) -> Any:
        return subprocess.run(
            [*as_nobody(*capabilities), sys.executable, "-m", "twtui", "record", "--json", "-d", "5",
             *map(str, arguments)],
            capture_output=True, text=True, timeout=60, env=other_user, cwd="/",
        )  # fmt: skip

    return run


Record = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def start_public(
    target_program: Path, start_program: Callable[..., TargetProcess]
) -> Iterator[StartTarget]:
    """Starts root's test targets from a file that everybody may read."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield partial(start_program, Path(shutil.copy(target_program, directory)))


def events_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(lines[-1]["invariants"].values())
    return lines[1:-1]


def test_two_capabilities_are_enough(start_target: StartTarget, record: Record) -> None:
    target = start_target("spin", 2)
    text = f"str({target.address:#x})"
    events = events_of(record(LEAST, "-p", target.pid, "--capture", text, "-c", 10))
    assert {event["text"] for event in events} == {target.text.decode()}
    # a probe runs a program of another type, on a process of another user
    assert len(events_of(record(LEAST, "-p", target.pid, *PROBE, "--capture", text))) >= 3


@pytest.mark.parametrize("missing", LEAST)
def test_without_either_it_is_refused_by_name(
    start_target: StartTarget, record: Record, missing: str
) -> None:
    target = start_target("spin", 1)
    held = [name for name in (*LEAST, *HELPFUL) if name not in (missing, "CAP_SYS_ADMIN")]
    done = record(tuple(held), "-p", target.pid, *PROBE)
    assert done.returncode == 5
    assert f"no {missing}" in done.stderr
    assert "sudo" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        (("CAP_DAC_READ_SEARCH",), OPENS),
        (("CAP_SYS_PTRACE",), (*PROBE, "--capture", "str(*sym:environ)")),
        (("CAP_SYS_PTRACE", "CAP_SYS_ADMIN"), ("--trigger", "uprobe:libc:openat", "-c", "1")),
    ],
)
def test_what_more_buys(
    start_public: StartTarget,
    record: Record,
    extra: tuple[str, ...],
    arguments: tuple[str, ...],
) -> None:
    target = start_public("spin", 1)
    for left_out in extra:
        held = (*LEAST, *(name for name in extra if name != left_out))
        done = record(held, "-p", target.pid, *arguments)
        assert done.returncode == 5, done.stderr
        assert left_out in done.stderr
    done = record((*LEAST, *extra), "-p", target.pid, *arguments, "-d", "0.5")
    assert done.returncode == 0, done.stderr


def test_a_stack_without_kernel_names_says_so(start_target: StartTarget, record: Record) -> None:
    target = start_target("spin", 1)
    done = record(LEAST, "-p", target.pid, "--capture", "stack", "-c", "2")
    assert events_of(done)
    assert "CAP_SYSLOG" in done.stderr


def test_the_doctor_tells_what_is_held_and_what_the_rest_would_buy(
    other_user: dict[str, str],
) -> None:
    command = [*as_nobody(*LEAST), sys.executable, "-m", "twtui", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=other_user, cwd="/")
    assert done.returncode == 0, done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["privileges"]["detail"].startswith(", ".join(LEAST) + ";")
    assert all(name in checks["privileges"]["detail"] for name in HELPFUL)
    # the proof: programs are compiled, linked and loaded
    assert checks["programs"]["answer"] == "yes"


def test_a_cache_of_compiled_programs_is_the_users_own(
    start_public: StartTarget, record: Record, other_user: dict[str, str]
) -> None:
    events_of(record(LEAST, "-p", start_public("spin", 1).pid, "-c", 1))
    cache = Path(other_user["HOME"]) / ".cache" / "twtui"
    assert cache.stat().st_uid == NOBODY
    assert cache.stat().st_mode & 0o777 == 0o700
