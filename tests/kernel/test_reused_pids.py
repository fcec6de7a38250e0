"""A number names one process and later another: the other is never watched, nor taken for the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, held_still, plan_for, stat_fields, wait_until

from twtui.errors import NoSuchTargetError
from twtui.model.enums import MapKind, Mode, TargetState
from twtui.model.ledger import Counters, Row
from twtui.model.plan import Probe, Target

StartTarget = Callable[..., TargetProcess]
KINDS = list(MapKind)
RESUME = Mode.RESUME
CALLS = 50
SELECT = ("23", "270", "72")
"""select and pselect6 of x86-64, pselect6 of arm64."""


@pytest.fixture
def take_pid(start_changing: StartTarget) -> Callable[[int], TargetProcess]:
    """Starts a process that gets a PID which is free, and calls getppid() at a line."""

    def take(pid: int) -> TargetProcess:
        launcher = start_changing("as", pid, CALLS)
        assert launcher.tids == [pid]
        return launcher

    return take


def of_each_kind(ledger: Mapping[Row, Counters], name: str) -> list[int]:
    """One counter of every map kind, in resume mode."""
    return [getattr(ledger[kind, RESUME], name) for kind in KINDS]


def states(run: Run, pid: int) -> list[TargetState]:
    """Of all that have or had this PID, the living first."""
    reading = run.last.reading if run.last else None
    return [view.state for view in reading.targets if view.pid == pid] if reading else []


def end(target: TargetProcess) -> None:
    target.process.kill()
    target.process.wait()


def test_a_plan_for_a_process_that_has_ended_is_refused(
    start_target: StartTarget, take_pid: Callable[[int], TargetProcess]
) -> None:
    target = start_target("spin", 1)
    wait_until(lambda: int(stat_fields(target.pid)[19]) > 0)
    start_ticks = int(stat_fields(target.pid)[19])
    end(target)
    # another clock tick, by which two processes with one PID are told apart
    wait_until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) * 100 > start_ticks + 1)
    take_pid(target.pid)
    wait_until(lambda: int(stat_fields(target.pid)[19]) != start_ticks)
    plan = replace(plan_for(target), targets=(Target(target.pid, start_ticks, "target"),))
    with pytest.raises(NoSuchTargetError, match="its PID is another process now"):
        Run(plan).__enter__()


def test_another_process_with_the_targets_pid_is_not_watched(
    start_target: StartTarget, take_pid: Callable[[int], TargetProcess]
) -> None:
    """Not even while we have had no chance to see that the target has ended."""
    target = start_target("call", 1, CALLS)
    with Run(plan_for(target, trigger="syscall:getppid")) as run:
        target.tell()
        target.wait_done()
        run.until_every_kind(completed=CALLS)
        with held_still(run.backend.kernel_pid):
            end(target)
            other = take_pid(target.pid)
            other.tell()
            other.wait_done()
        run.until_state(target.pid, TargetState.EXITED)
        ledger = run.finish()
        assert stat_fields(target.pid)[0] == "S", "the other one was to live on"
    assert of_each_kind(ledger, "fired") == [CALLS] * 3
    assert {event.tid for event in run.events} == set(target.tids)
    assert run.notes == [f"target {target.pid} has ended"]


def waits_for_an_answer(asking: threading.Thread) -> bool:
    """It has sent the question, and is in a system call until something comes."""
    call = Path(f"/proc/self/task/{asking.native_id}/syscall").read_text().split()[0]
    return call in SELECT


def test_another_process_with_the_targets_pid_is_not_probed(
    start_target: StartTarget, take_pid: Callable[[int], TargetProcess]
) -> None:
    target = start_target("pause", 1)
    with Run(plan_for(target, trigger="probe", mode=Mode.SIGNAL)) as run:
        run.run_for(0.3)
        kernel = run.backend.kernel_pid
        os.kill(kernel, signal.SIGSTOP)
        wait_until(lambda: stat_fields(kernel)[0] == "T")
        end(target)
        take_pid(target.pid)
        asking = threading.Thread(target=run.send, args=(Probe(),))
        asking.start()
        # the command waits there already when it goes on
        wait_until(lambda: waits_for_an_answer(asking))
        os.kill(kernel, signal.SIGCONT)
        asking.join()
        run.until_state(target.pid, TargetState.EXITED)
        ledger = run.finish()
    for kind in KINDS:
        counters = ledger[kind, Mode.SIGNAL]
        assert (counters.fired, counters.scheduled, counters.rejected) == (1, 0, 1)
        assert counters.errors == {"ESRCH": 1}
    assert "probes refused: 3 ESRCH" in run.notes


def test_what_was_lost_is_not_pending_on_who_has_the_number_now(
    start_target: StartTarget, take_pid: Callable[[int], TargetProcess]
) -> None:
    """The work of an ended task is gone, whoever lives under its number since."""
    target = start_target("churn", 0)
    with Run(plan_for(target, trigger="tracepoint:signal:signal_generate")) as run:
        with held_still(run.backend.kernel_pid):
            assert target.process.stdin
            target.process.stdin.close()
            target.process.wait()
            take_pid(target.pid)
        run.until_every_kind(scheduled=1)
        run.run_for(0.5)
        assert of_each_kind(run.ledger(), "pending") == [0] * 3
        assert of_each_kind(run.ledger(), "lost") == [1] * 3
        ledger = run.finish()
    for kind in KINDS:
        counters = ledger[kind, RESUME]
        assert (counters.scheduled, counters.lost, counters.cancelled) == (1, 1, 0)


def test_a_child_with_the_pid_of_one_that_has_ended_is_watched(
    start_changing: StartTarget,
) -> None:
    """A parent that is followed has two children, the second with the number of the first."""
    once = start_changing("rename", "once")
    number = once.pid
    end(once)
    parent = start_changing("siblings", number, CALLS)
    plan = replace(plan_for(parent, trigger="syscall:getppid"), children=True)
    with Run(plan) as run:
        parent.tell()
        run.until_every_kind(completed=CALLS)
        run.until_state(number, TargetState.SLEEPING)
        with held_still(run.backend.kernel_pid):
            # the second one takes the number between two looks
            parent.tell()
            parent.wait_done()
        run.until(lambda _: states(run, number) == [TargetState.SLEEPING, TargetState.EXITED])
        parent.tell()
        run.until_every_kind(completed=2 * CALLS)
        run.finish()


def test_a_target_in_a_pid_namespace_has_its_number_of_outside(
    start_program: Callable[..., TargetProcess], target_program: Path
) -> None:
    launcher = start_program(
        Path("unshare"), "--pid", "--fork", "--kill-child", target_program, "call", 2, CALLS
    )
    assert max(launcher.tids) < 10, "it does not number its threads anew"
    (pid,) = map(
        int, Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    )
    tids = {int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    with Run(plan_for(pid, trigger="syscall:getppid")) as run:
        launcher.tell()
        launcher.wait_done()
        run.until_every_kind(completed=2 * CALLS)
        launcher.end()
        run.until_state(pid, TargetState.EXITED)
        ledger = run.finish()
    assert {(event.pid, event.tid) for event in run.events} == {(pid, tid) for tid in tids}
    assert of_each_kind(ledger, "fired") == [2 * CALLS] * 3


@pytest.mark.parametrize(
    ("namespace", "said"),
    [
        (["--pid", "--mount-proc"], ["numbers processes in a way of its own", "--pid=host"]),
        (["--time", "--boottime=1000"], ["a clock of its own", "outside of the time namespace"]),
    ],
)
def test_inside_a_namespace_where_proc_names_others_it_is_refused(
    namespace: Sequence[str], said: Sequence[str]
) -> None:
    script = 'sleep 100 & "$0" -m twtui record -p $! -d 1; code=$?; kill $!; exit $code'
    done = subprocess.run(
        ["unshare", "--fork", *namespace, "sh", "-c", script, sys.executable],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    for words in said:
        assert words in done.stderr
