"""The capture ``python`` says what a CPython runs: as the program is written, and as py-spy sees it."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for, wait_until

from twtui.errors import UsageError
from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Probe, SetMode
from twtui.model.python_frames import PythonFrame, decode

StartProgram = Callable[..., TargetProcess]
FRAMES = Path(__file__).parent / "targets" / "frames.py"
LONG = "long_" + "x" * 300
LONG_FILE = "/cut/" + "y" * 300 + "/end.py"
NEWEST = {
    "method": ("innermost", str(FRAMES)),
    "größe": ("größe", str(FRAMES)),
    "函数": ("函数", str(FRAMES)),
    "𐎠": ("𐎠", str(FRAMES)),
    "generator": ("numbers", str(FRAMES)),
    "c": ("innermost", str(FRAMES)),
    "recursive": ("innermost", str(FRAMES)),
    "long": (LONG[:256] + "…", "…" + LONG_FILE[-256:]),
    "asleep": ("asleep", str(FRAMES)),
}
"""By what a thread of the target does: the function and the file that it is in."""
SPINNING = [name for name in NEWEST if name != "asleep"]
_WHO = "import sys; print(*sys.version_info[:2], sys.executable)"


@cache
def interpreters() -> dict[str, Path]:
    """CPythons of this machine that are supported, one of each version; ours is among them."""
    found: dict[str, Path] = {}
    named = (shutil.which(f"python3.{minor}") for minor in range(11, 15))
    of_pyenv = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    for candidate in (sys._base_executable, *named, *of_pyenv):  # type: ignore[attr-defined]
        if not candidate:
            continue
        said = subprocess.run([candidate, "-c", _WHO], capture_output=True, text=True)
        if said.returncode:
            continue
        major, minor, path = said.stdout.split(maxsplit=2)
        if major == "3" and 11 <= int(minor) <= 14:
            found.setdefault(f"3.{minor}", Path(path.strip()))
    return found


@pytest.fixture(params=list(interpreters()))
def interpreter(request: pytest.FixtureRequest) -> Path:
    return interpreters()[request.param]


@pytest.fixture
def start_frames(start_program: StartProgram) -> StartProgram:
    """Starts the target in a CPython; its ``tids`` are in the order of the names."""

    def start(interpreter: Path, *names: str) -> TargetProcess:
        return start_program(interpreter, FRAMES, ",".join(names))

    return start


StartFrames = Callable[..., TargetProcess]


def ours() -> Path:
    return next(iter(interpreters().values()))


def frames_by_tid(run: Run) -> dict[int, list[tuple[PythonFrame, ...]]]:
    found = defaultdict(list)
    for event in run.events:
        if event.result >= 0:
            found[event.tid].append(decode(event.data))
    return found


def test_at_least_99_of_100_samples_are_right(interpreter: Path, start_frames: StartFrames) -> None:
    target = start_frames(interpreter, *SPINNING)
    with Run(plan_for(target, capture="python", rate_hz=199, map_kinds=(MapKind.HASH,))) as run:
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.RESUME].completed >= 400)
        ledger = run.finish()[MapKind.HASH, Mode.RESUME]
    expected = {tid: NEWEST[name] for tid, name in zip(target.tids, SPINNING, strict=True)}
    verdicts: Counter[bool] = Counter()
    for event in run.events:
        frames = decode(event.data) if event.result >= 0 else ()
        seen = (frames[0].function, frames[0].file) if frames else None
        verdicts[seen == expected.get(event.tid)] += 1
    assert verdicts.total() == ledger.delivered >= 400
    assert verdicts[True] >= 0.99 * verdicts.total(), verdicts
    assert ledger.nofault_none == ledger.fired
    assert ledger.read_ok == ledger.completed


def py_spy_dump(target: TargetProcess) -> dict[int, tuple[tuple[str, str], ...]]:
    """Function and file of every frame, newest first, by thread id."""
    spy = str(Path(sys.executable).with_name("py-spy"))
    command = [spy, "dump", "--json", "--pid", str(target.pid)]
    done = subprocess.run(command, capture_output=True, check=True)
    return {
        thread["os_thread_id"]: tuple((f["name"], f["filename"]) for f in thread["frames"])
        for thread in json.loads(done.stdout)
    }


def test_whole_stacks_are_those_of_py_spy(interpreter: Path, start_frames: StartFrames) -> None:
    names = [name for name in NEWEST if name not in ("recursive", "long")]
    target = start_frames(interpreter, *names)
    # after its last word it waits for a line, which takes it some turns of the GIL
    wait_until(lambda: py_spy_dump(target)[target.pid][0][0] == "main")
    dumped = py_spy_dump(target)
    assert set(dumped) == {target.pid, *target.tids}
    plan = plan_for(target, trigger="probe", capture="python", mode=Mode.SIGNAL)
    with Run(plan) as run:
        run.send(Probe())
        run.until(lambda ledger: sum(row.completed for row in ledger.values()) >= 3 * len(dumped))
        run.finish()
    seen = {
        tid: {tuple((frame.function, frame.file) for frame in stack) for stack in stacks}
        for tid, stacks in frames_by_tid(run).items()
    }
    assert seen == {tid: {stack} for tid, stack in dumped.items()}


def test_lines_are_the_first_of_their_functions(start_frames: StartFrames) -> None:
    target = start_frames(ours(), "method")
    with Run(plan_for(target, capture="python", map_kinds=(MapKind.ARRAY,))) as run:
        run.until(lambda ledger: any(row.completed > 10 for row in ledger.values()))
        run.finish()
    lines = FRAMES.read_text().splitlines()
    (stack, *_) = frames_by_tid(run)[target.tids[0]]
    of_target = [frame for frame in stack if frame.file == str(FRAMES)]
    names = ["innermost", "Outer.method.<locals>.nested", "Outer.method", "run"]
    assert [frame.function for frame in of_target] == names
    for frame in of_target:
        assert f"def {frame.function.rpartition('.')[2]}(" in lines[frame.line - 1]


def test_a_deep_stack_is_marked_as_cut(start_frames: StartFrames) -> None:
    target = start_frames(ours(), "recursive")
    with Run(plan_for(target, capture="python", map_kinds=(MapKind.HASH,))) as run:
        run.until(lambda ledger: any(row.completed > 10 for row in ledger.values()))
        ledger = run.finish()[MapKind.HASH, Mode.RESUME]
    assert ledger.truncated == ledger.completed
    for stack in frames_by_tid(run)[target.tids[0]]:
        assert [frame.function for frame in stack[:2]] == ["innermost", "recursive"]
        assert len(stack) >= 16


def test_a_thread_that_no_interpreter_knows_is_a_fault(start_frames: StartFrames) -> None:
    target = start_frames(ours(), "foreign", "asleep")
    tasks = Path(f"/proc/{target.pid}/task")
    wait_until(lambda: len(list(tasks.iterdir())) == 3)
    plan = plan_for(target, trigger="probe", capture="python", mode=Mode.SIGNAL)
    with Run(plan) as run:
        run.send(Probe())
        run.until(lambda ledger: sum(row.completed for row in ledger.values()) >= 9)
        ledger = run.finish()
    for kind in MapKind:
        row = ledger[kind, Mode.SIGNAL]
        assert (row.read_ok, row.read_fault, row.errors) == (2, 1, {"ESRCH": 1})


def test_a_toggle_of_modes_loses_nothing(start_frames: StartFrames) -> None:
    target = start_frames(ours(), *SPINNING[:3])
    with Run(plan_for(target, capture="python", rate_hz=999)) as run:
        for turn in range(8):
            run.send(SetMode(Mode.SIGNAL if turn % 2 == 0 else Mode.RESUME))
            run.run_for(0.2)
        ledger = run.finish()
    assert all(ledger[kind, mode].completed for kind in MapKind for mode in Mode)
    assert {event.result >= 0 for event in run.events} == {True}


def test_children_are_read_and_other_programs_are_not(start_frames: StartFrames) -> None:
    target = start_frames(ours(), "asleep")
    plan = replace(
        plan_for(target, trigger="probe", capture="python", mode=Mode.SIGNAL), children=True
    )
    with Run(plan) as run:
        target.tell()
        child = int(target.wait_done()[0])
        run.run_for(0.5)
        run.send(Probe())
        run.until(lambda ledger: sum(row.completed for row in ledger.values()) >= 9)
        newest = {stack[0].function for stack in frames_by_tid(run)[child]}
        assert newest == {"innermost"}
        target.tell()
        other = int(target.wait_done()[0])
        run.run_for(0.5)
        run.send(Probe())
        run.run_for(0.5)
        run.finish()
    assert {event.result for event in run.events if event.tid == other} == {-errno.ENOENT}


def test_a_thread_is_found_in_a_pid_namespace_of_its_own(start_program: StartProgram) -> None:
    unshare = ("--pid", "--fork", "--kill-child", ours(), FRAMES, "größe")
    launcher = start_program(Path("unshare"), *unshare)
    assert launcher.tids == [2], "it does not number its threads anew"
    (pid,) = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    with Run(plan_for(int(pid), capture="python", map_kinds=(MapKind.HASH,))) as run:
        run.until(lambda ledger: any(row.completed > 10 for row in ledger.values()))
        run.finish()
    assert {stack[0].function for stacks in frames_by_tid(run).values() for stack in stacks} == {
        "größe"
    }


def test_what_is_no_cpython_is_refused_in_words() -> None:
    with subprocess.Popen(["sleep", "100"]) as sleeper:
        try:
            wait_until(lambda: Path(f"/proc/{sleeper.pid}/comm").read_text() == "sleep\n")
            command = [sys.executable, "-m", "twtui", "record", "-p", str(sleeper.pid)]
            done = subprocess.run(
                [*command, "--capture", "python"], capture_output=True, text=True, timeout=60
            )
            with (
                pytest.raises(UsageError, match="does not run CPython"),
                Run(plan_for(sleeper.pid, capture="python")),
            ):
                pass
        finally:
            sleeper.kill()
    assert done.returncode == 2
    assert f"process {sleeper.pid} does not run CPython" in done.stderr
    assert "3.11" in done.stderr


def test_json_has_the_frames(start_frames: StartFrames) -> None:
    target = start_frames(ours(), "größe")
    command = [sys.executable, "-m", "twtui", "record", "-p", str(target.pid), "--json"]
    done = subprocess.run(
        [*command, "--capture", "python", "-d", "1"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    events = [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "event"]
    assert events
    for event in events:
        newest = event["frames"][0]
        assert (newest["function"], newest["file"]) == ("größe", str(FRAMES))
        assert event["text"] == f"größe ({FRAMES}:{newest['line']})"
        assert event["nofault"] is None
