"""However a run ends, the kernel holds nothing of it afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
from kernel_harness import (
    Run,
    TargetProcess,
    has_fired,
    held_still,
    kernel_objects,
    plan_for,
    surviving,
    wait_until,
)

from twtui.errors import CompileError, NoSuchTargetError, TwtuiError, UsageError
from twtui.model.enums import Defer, MapKind, Mode, TargetState
from twtui.model.ledger import Counters
from twtui.model.plan import SetMode

StartTarget = Callable[..., TargetProcess]


def test_a_finished_run_leaves_nothing(start_target: StartTarget) -> None:
    target = start_target("spin", 2)
    with Run(plan_for(target, rate_hz=99)) as run:
        run.run_for(0.3)
        objects = kernel_objects(run.backend.kernel_pid)
        assert len(objects["prog"]) >= 6
        assert len(objects["map"]) >= 13
        assert objects["link"]
        assert surviving(objects) == objects
        run.finish()
    wait_until(lambda: not surviving(objects))
    assert target.process.poll() is None


def all_wait(counters: Counters, number: int) -> bool:
    """All that were scheduled, of so many that could be."""
    return has_fired(counters, number) and counters.pending == counters.scheduled > 0


def test_a_killed_kernel_process_leaves_nothing_and_is_reported(start_target: StartTarget) -> None:
    target = start_target("pause", 4)
    with Run(plan_for(target, trigger="syscall:pause")) as run:
        target.tell()
        run.until(lambda ledger: all_wait(ledger[MapKind.HASH, Mode.RESUME], 4))
        objects = kernel_objects(run.backend.kernel_pid)
        os.kill(run.backend.kernel_pid, signal.SIGKILL)
        with pytest.raises(TwtuiError, match="ended unexpectedly"):
            run.run_for(5)
    wait_until(lambda: not surviving(objects))
    assert target.process.poll() is None


def test_a_killed_user_process_leaves_nothing(start_target: StartTarget) -> None:
    target = start_target("spin", 2)
    command = [sys.executable, "-m", "twtui", "record", "-p", str(target.pid), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as recording:
        assert recording.stdout
        assert b'"header"' in recording.stdout.readline()
        (child,) = psutil.Process(recording.pid).children()
        kernel_pid = child.pid
        objects = kernel_objects(kernel_pid)
        assert objects["prog"]
        recording.kill()
    wait_until(lambda: not surviving(objects))
    wait_until(lambda: _is_gone(kernel_pid))


def _is_gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


def test_a_failed_attach_undoes_everything(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    before = _listed_ids()
    with pytest.raises(UsageError, match="there is no tracepoint:sched:nonsense"):
        Run(plan_for(target, trigger="tracepoint:sched:nonsense")).__enter__()
    wait_until(lambda: _listed_ids() <= before)


def _listed_ids() -> set[bytes]:
    answer = subprocess.run(["bpftool", "prog", "show"], capture_output=True, check=True)
    lines = answer.stdout.splitlines()
    return {line.split(b":")[0] for line in lines if b"name tw_" in line}


def test_a_target_that_ends_is_shown_and_counted(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    with Run(plan_for(target)) as run:
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.RESUME].completed > 10)
        target.process.kill()
        run.until_state(target.pid, TargetState.ZOMBIE)
        target.process.wait()
        run.until_state(target.pid, TargetState.EXITED)
        run.finish()


def test_a_stopped_target_runs_its_callbacks_after_it_continues(start_target: StartTarget) -> None:
    target = start_target("pause", 2)
    with Run(plan_for(target, trigger="syscall:pause")) as run:
        target.tell()
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.RESUME].pending == 2)
        os.kill(target.pid, signal.SIGSTOP)
        target.tell()
        run.run_for(0.3)
        os.kill(target.pid, signal.SIGCONT)
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.RESUME].completed == 2)
        run.finish()


@pytest.mark.parametrize("pid", [2, 999_999_999])
def test_a_kernel_thread_and_a_dead_pid_are_refused(pid: int) -> None:
    with pytest.raises(NoSuchTargetError):
        Run(plan_for(pid)).__enter__()


def test_signal_mode_is_refused_where_it_would_refire(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    with pytest.raises(UsageError, match="signal mode is refused"):
        Run(plan_for(target, trigger="syscall:read", mode=Mode.SIGNAL)).__enter__()
    with Run(plan_for(target, trigger="syscall:getppid")) as run:
        with pytest.raises(UsageError, match="signal mode is refused"):
            run.send(SetMode(Mode.SIGNAL))
        ledger = run.finish()
    assert all(mode is Mode.RESUME for _, mode in ledger)


def test_a_rejected_program_is_an_error_with_the_verifiers_words(
    start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twtui.kernel.bpf import btf
    from twtui.kernel.run import resources, session

    kfuncs = btf.find_kfuncs(btf.kernel_btf())
    # bpf_task_release() in the place of the schedule: the verifier must refuse, and say why
    wrong = btf.Kfuncs(kfuncs.variant, {**kfuncs.ids, 1: kfuncs.ids[5]})
    monkeypatch.setattr(resources, "find_kfuncs", lambda _: wrong)
    target = start_target("spin", 1)
    with pytest.raises(CompileError, match="the kernel rejected tw_trigger") as caught:
        session.Session(plan_for(target, map_kinds=(MapKind.HASH,)))
    assert caught.value.log
    assert caught.value.exit_code == 4


def test_a_compile_error_is_an_error_with_the_compilers_words() -> None:
    from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side

    job = CompileJob(MapKind.HASH, ("-DTW_DATA_BYTES=oops",), ("tw_trigger",))
    with pytest.raises(CompileError, match="could not compile the hash programs") as caught:
        compile_side_by_side([job])
    assert "oops" in caught.value.log


def test_an_end_with_more_behind_than_one_frame_holds(start_target: StartTarget) -> None:
    """100 MB wait in the ring when the run is stopped; a frame holds 64."""
    calls = 300_000
    target = start_target("call", 1, calls)
    plan = plan_for(
        target,
        trigger="syscall:getppid",
        capture=f"bytes({target.address:#x}, 256)",
        map_kinds=(MapKind.HASH,),
        defer=Defer.FAULT,
        buffer_bytes=1 << 27,
    )
    with Run(plan) as run:
        with held_still(run.backend.kernel_pid):
            target.tell()
            target.wait_done()
        counters = run.finish()[MapKind.HASH, Mode.RESUME]
    assert (counters.delivered, counters.dropped) == (calls, 0)
