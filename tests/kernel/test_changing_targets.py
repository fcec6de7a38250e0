"""A target that changes while it is watched is shown as what it is, and every callback is accounted for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for, stat_fields, wait_until
from open_files import lasting_files
from tracer import stopped_by_a_tracer

from twtui.mapped_files import mapped_files
from twtui.model.enums import EventFlag, MapKind, Mode, TargetState
from twtui.model.ledger import Counters, Row
from twtui.model.plan import Probe, SetMode
from twtui.processes import find_target

StartTarget = Callable[..., TargetProcess]
KINDS = list(MapKind)
RESUME, SIGNAL = Mode.RESUME, Mode.SIGNAL


def fates(counters: Counters) -> tuple[int, int, int, int]:
    """What became of what was scheduled."""
    return counters.completed, counters.pending, counters.cancelled, counters.lost


def test_who_exits_with_work_pending_runs_it_without_its_memory(
    start_changing: StartTarget,
) -> None:
    """Nothing returns from exit_group(): its callback runs in the exit, with the trigger's copy."""
    target = start_changing("exit", text="last words")
    plan = plan_for(target, trigger="syscall:exit_group", capture=f"str({target.address:#x})")
    with Run(plan) as run:
        target.tell()
        run.until_every_kind(scheduled=1, completed=1)
        run.until_state(target.pid, TargetState.ZOMBIE)
        target.process.wait()
        run.until_state(target.pid, TargetState.EXITED)
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, RESUME]) == (1, 0, 0, 0)
        assert ledger[kind, RESUME].read_fault == 1
    for event in run.events:
        assert event.data == b"last words"
        assert event.flags & EventFlag.GONE
        assert event.flags & EventFlag.KEPT


@pytest.mark.parametrize("stopped", [False, True])
def test_who_is_killed_with_work_pending_runs_it_first(
    start_target: StartTarget, stopped: bool
) -> None:
    target = start_target("pause", 5, text="last words")
    plan = plan_for(target, trigger="syscall:pause", capture=f"str({target.address:#x})")
    with Run(plan) as run:
        target.tell()
        run.until_every_kind(pending=5)
        if stopped:
            os.kill(target.pid, signal.SIGSTOP)
            run.until_state(target.pid, TargetState.STOPPED)
        target.process.kill()
        target.process.wait()
        run.until_every_kind(completed=5, pending=0)
        run.until_state(target.pid, TargetState.EXITED)
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, RESUME]) == (5, 0, 0, 0)
        assert ledger[kind, RESUME].read_ok == 5
    assert {event.data for event in run.events} == {b"last words"}


@pytest.mark.parametrize("mode", list(Mode))
def test_a_stopped_target_keeps_its_work_until_it_continues(
    start_target: StartTarget, mode: Mode
) -> None:
    target = start_target("pause", 1)
    with Run(plan_for(target, trigger="probe", mode=mode)) as run:
        target.tell()
        target.wait_asleep()
        os.kill(target.pid, signal.SIGSTOP)
        run.until_state(target.pid, TargetState.STOPPED)
        run.send(Probe())
        run.until_every_kind(mode, scheduled=2, pending=2)
        run.run_for(0.3)
        assert run.state(target.pid) is TargetState.STOPPED
        assert not run.events
        os.kill(target.pid, signal.SIGCONT)
        run.until_state(target.pid, TargetState.SLEEPING)
        run.until_every_kind(mode, completed=2, pending=0)
        ledger = run.finish()
    for kind in KINDS:
        # who was stopped has left its call, so that even resume mode had its turn
        assert fates(ledger[kind, mode]) == (2, 0, 0, 0)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_debuggers_target_keeps_its_work_until_it_is_let_go(
    start_target: StartTarget, mode: Mode
) -> None:
    target = start_target("spin", 1)
    with Run(plan_for(target, trigger="probe", mode=mode)) as run:
        with stopped_by_a_tracer(target.pid, *target.tids):
            run.until_state(target.pid, TargetState.TRACED)
            run.send(Probe())
            run.until_every_kind(mode, scheduled=2, pending=2)
            run.run_for(0.3)
            assert not run.events
        run.until_every_kind(mode, completed=2, pending=0)
        run.until_state(target.pid, TargetState.RUNNING)
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, mode]) == (2, 0, 0, 0)
    assert target.process.poll() is None


def test_an_exec_by_a_thread_that_is_not_the_first_is_the_same_target(
    start_changing: StartTarget, changing_program: Path
) -> None:
    """The thread takes over the TID of the first one, under which nothing was scheduled.

    The new image is there already when its callback runs, with another text at the same address.
    """
    target = start_changing("exec", changing_program, text="before")
    plan = plan_for(target, trigger="syscall:execve", capture=f"str({target.address:#x})")
    with Run(plan) as run:
        target.tell()
        run.until_every_kind(scheduled=1, completed=1)
        run.until(lambda _: f"changing {target.pid} has become changing" in run.notes)
        run.until_state(target.pid, TargetState.SLEEPING)
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, RESUME]) == (1, 0, 0, 0)
    for event in run.events:
        assert (event.pid, event.tid, event.data) == (target.pid, target.pid, b"before")
        assert event.flags & EventFlag.GONE
        assert event.flags & EventFlag.KEPT


def test_forks_in_bursts_are_each_a_target_once(start_changing: StartTarget) -> None:
    target = start_changing("fork", 400)
    plan = replace(plan_for(target, trigger="syscall:getppid"), children=True)
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        run.until(lambda ledger: all(ledger[kind, RESUME].fired == 400 for kind in KINDS))
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, RESUME]) == (400, 0, 0, 0)
    by_kind = [[event.pid for event in run.events if event.map_kind is kind] for kind in KINDS]
    assert len(set(by_kind[0])) == 400
    assert all(sorted(pids) == sorted(by_kind[0]) for pids in by_kind)
    assert target.pid not in by_kind[0]


def test_a_thousand_threads_that_come_and_go_are_each_served_once(
    start_changing: StartTarget,
) -> None:
    target = start_changing("threads", 1000)
    with Run(plan_for(target, trigger="syscall:getppid")) as run:
        before = lasting_files(run.backend.kernel_pid)
        target.tell()
        target.wait_done()
        run.until_every_kind(fired=1000, completed=1000)
        assert lasting_files(run.backend.kernel_pid) == before
        ledger = run.finish()
    for kind in KINDS:
        assert fates(ledger[kind, RESUME]) == (1000, 0, 0, 0)
    assert target.pid not in {event.tid for event in run.events}


def test_a_target_with_another_name_is_shown_with_it(start_changing: StartTarget) -> None:
    target = start_changing("rename", "painted\x1b[31m")
    with Run(plan_for(target, trigger="syscall:getppid")) as run:
        target.tell()
        target.wait_done()
        run.until(lambda _: bool(run.notes))
        (view,) = run.last.reading.targets if run.last and run.last.reading else ()
        assert view.name == "painted\x1b[31m"
        ledger = run.finish()
    assert run.notes == [f"changing {target.pid} calls itself painted\x1b[31m"]
    assert {event.comm for event in run.events} == {b"painted\x1b[31m"}
    assert fates(ledger[MapKind.HASH, RESUME]) == (1, 0, 0, 0)


def test_a_target_whose_first_thread_has_ended_goes_on(start_changing: StartTarget) -> None:
    """/proc shows the process as a zombie, which it is not."""
    target = start_changing("leave")
    with Run(plan_for(target, trigger="syscall:getppid")) as run:
        target.tell()
        target.wait_done()
        wait_until(lambda: stat_fields(target.pid)[0] == "Z")
        run.run_for(0.5)
        assert run.state(target.pid) is TargetState.SLEEPING
        assert find_target(target.pid).pid == target.pid, "the picker refuses it"
        target.tell()
        target.wait_done()
        run.until_every_kind(completed=1)
        assert not run.notes
        ledger = run.finish()
    assert fates(ledger[MapKind.HASH, RESUME]) == (1, 0, 0, 0)


def test_functions_and_symbols_are_found_where_the_first_thread_has_ended(
    start_changing: StartTarget,
) -> None:
    """/proc/PID has no mappings, files or root then; the threads that go on have them."""
    target = start_changing("leave", text="still here")
    target.tell()
    target.wait_done()
    wait_until(lambda: stat_fields(target.pid)[0] == "Z")
    assert any("libc" in path for path in mapped_files(target.pid) or ())
    with Run(plan_for(target, trigger="uprobe:libc:syscall", capture="str(sym:own_text)")) as run:
        target.tell()
        target.wait_done()
        run.until_every_kind(completed=1)
        run.finish()
    assert {event.data for event in run.events} == {b"still here"}


def test_an_uninterruptible_target_keeps_its_work_even_in_signal_mode(
    start_changing: StartTarget,
) -> None:
    target = start_changing("vfork")
    with Run(plan_for(target, trigger="probe")) as run:
        target.tell()
        run.until_state(target.pid, TargetState.BLOCKED)
        run.send(Probe())
        run.send(SetMode(SIGNAL))
        run.send(Probe())
        for mode in Mode:
            run.until_every_kind(mode, scheduled=1, pending=1)
        run.run_for(0.3)
        assert run.state(target.pid) is TargetState.BLOCKED
        assert not run.events
        target.tell()
        target.wait_done()
        for mode in Mode:
            run.until_every_kind(mode, completed=1, pending=0)
        ledger = run.finish()
    assert all(fates(ledger[kind, mode]) == (1, 0, 0, 0) for kind in KINDS for mode in Mode)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_ends_waits_for_a_callback_that_sleeps_in_a_fault(
    start_changing: StartTarget, kind: MapKind
) -> None:
    """It has begun, so that it is not cancelled, and counts when it has ended."""
    target = start_changing("fault")
    plan = plan_for(target, trigger="syscall:getppid", capture=f"str({target.address:#x})")
    with Run(replace(plan, map_kinds=(kind,))) as run:
        target.tell()
        run.until_every_kind(running=1)
        run.run_for(0.3)
        counters = run.ledger()[kind, RESUME]
        assert (counters.running, *fates(counters)) == (1, 0, 0, 0, 0)
        threading.Timer(0.3, target.tell).start()
        counters = run.finish()[kind, RESUME]
    assert (counters.running, *fates(counters)) == (0, 1, 0, 0, 0)
    assert [event.data for event in run.events] == [b"brought in late"]


def test_a_run_ends_while_its_target_is_busy_in_the_kernel(start_changing: StartTarget) -> None:
    """One call that takes seconds: samples come, and no return to user space does."""
    target = start_changing("random", 1024)
    pending: dict[MapKind, int] = {}

    def is_stuck(ledger: Mapping[Row, Counters]) -> bool:
        pending.update({kind: ledger[kind, RESUME].pending for kind in KINDS})
        return ledger[MapKind.HASH, RESUME].busy > 10 and min(pending.values()) >= 4

    with Run(plan_for(target, rate_hz=999)) as run:
        target.tell()
        run.until(is_stuck)
        assert run.state(target.pid) is TargetState.RUNNING
        ledger = run.finish()
        assert target.process.poll() is None
    # four slots a thread, and a bank of an array a CPU
    assert pending[MapKind.HASH] == pending[MapKind.LRU_HASH] == 4
    assert pending[MapKind.ARRAY] > 4
    for kind in KINDS:
        counters = ledger[kind, RESUME]
        assert counters.cancelled >= pending[kind]
        assert (counters.pending, counters.lost) == (0, 0)
