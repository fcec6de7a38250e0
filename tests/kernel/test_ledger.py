"""Each way in which a callback fails to come is forced to a known number, on the running kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_harness import (
    Run,
    TargetProcess,
    has_fired,
    held_still,
    plan_for,
    stat_fields,
    wait_until,
)

from twtui.kernel.compiling.source import bpf_directory
from twtui.kernel.run.program import array_bank
from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Probe, SetMode

StartTarget = Callable[..., TargetProcess]
KINDS = list(MapKind)
RESUME, SIGNAL = Mode.RESUME, Mode.SIGNAL
_LAST_CPU = 36
"""Of the fields behind the name in /proc/PID/stat."""


@pytest.mark.parametrize("mode", list(Mode))
def test_every_call_is_one_event_in_every_map_kind(start_target: StartTarget, mode: Mode) -> None:
    target = start_target("call", 4, 500)
    plan = plan_for(
        target, trigger="syscall:getppid:exit", capture=f"str({target.address:#x})", mode=mode
    )
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    assert {row for row, counters in ledger.items() if counters.fired} == {(k, mode) for k in KINDS}
    for kind in KINDS:
        counters = ledger[kind, mode]
        assert has_fired(counters, 4 * 500)
        assert counters.fired == counters.scheduled == counters.completed
        assert counters.fired == counters.read_ok == counters.nofault_ok == counters.delivered
    assert {event.data for event in run.events} == {target.text}
    assert {event.tid for event in run.events} == set(target.tids)
    assert len(run.events) == sum(ledger[kind, mode].fired for kind in KINDS)


def test_a_dead_task_means_lost(start_target: StartTarget) -> None:
    """The SIGCHLD of an ending process is sent past exit_task_work(): the work is accepted and dropped."""
    targets = [start_target("churn", 0) for _ in range(5)]
    with Run(plan_for(*targets, trigger="tracepoint:signal:signal_generate")) as run:
        for target in targets:
            assert target.process.stdin
            target.process.stdin.close()
        for target in targets:
            target.process.wait()
        run.until(lambda ledger: all(ledger[kind, RESUME].lost == 5 for kind in KINDS))
        ledger = run.finish()
    for kind in KINDS:
        assert (ledger[kind, RESUME].scheduled, ledger[kind, RESUME].lost) == (5, 5)


def test_an_unreaped_zombie_is_lost_not_pending(start_target: StartTarget) -> None:
    target = start_target("churn", 0)
    with Run(plan_for(target, trigger="tracepoint:signal:signal_generate")) as run:
        assert target.process.stdin
        target.process.stdin.close()
        run.until(lambda ledger: all(ledger[kind, RESUME].lost == 1 for kind in KINDS))
        assert Path(f"/proc/{target.pid}/stat").exists(), "the zombie was not there any more"
        ledger = run.finish()
    assert all(ledger[kind, RESUME].pending == 0 for kind in KINDS)


def test_what_is_pending_at_the_end_is_cancelled(start_target: StartTarget) -> None:
    target = start_target("pause", 7)
    with Run(plan_for(target, trigger="syscall:pause")) as run:
        target.tell()
        run.until(
            lambda ledger: all(
                has_fired(ledger[kind, RESUME], 7)
                and ledger[kind, RESUME].pending == ledger[kind, RESUME].fired
                for kind in KINDS
            )
        )
        ledger = run.finish()
    for kind in KINDS:
        counters = ledger[kind, RESUME]
        assert counters.scheduled == counters.cancelled == counters.fired
        assert counters.pending == 0
        assert counters.completed == counters.delivered == 0


def test_a_full_ring_drops_what_does_not_fit(start_target: StartTarget) -> None:
    """An event without data takes 8 + 72 bytes; 51 of them fit into 4,096 bytes."""
    target = start_target("call", 1, 1000)
    plan = plan_for(target, trigger="syscall:getppid", map_kinds=(MapKind.HASH,), buffer_bytes=4096)
    with Run(plan) as run:
        with held_still(run.backend.kernel_pid):
            target.tell()
            target.wait_done()
        counters = run.finish()[MapKind.HASH, RESUME]
    assert (counters.completed, counters.emitted, counters.dropped) == (1000, 51, 949)


def test_a_small_map_tells_the_kinds_apart(start_target: StartTarget) -> None:
    """16 threads sleep with work pending, and there are 4 slots: hash refuses, array is busy, LRU evicts."""
    target = start_target("pause", 16)
    with Run(plan_for(target, trigger="syscall:pause", slots=4)) as run:
        target.tell()
        target.wait_asleep()
        cpus = [stat_fields(tid)[_LAST_CPU] for tid in target.tids]
        run.until(lambda ledger: all(has_fired(ledger[kind, RESUME], 16) for kind in KINDS))
        ledger = run.finish()
    by_kind = {kind: ledger[kind, RESUME] for kind in KINDS}
    full = by_kind[MapKind.HASH]
    refused = max(full.fired - 4, 0)
    assert (full.scheduled, full.no_slot, full.busy) == (full.fired - refused, refused, 0)
    assert full.errors == ({"E2BIG": refused} if refused else {})
    # one bank per CPU; where a call was missed, it may have been one that a bank had room for
    busy = by_kind[MapKind.ARRAY]
    room = sum(min(threads, array_bank(4)) for threads in Counter(cpus).values())
    assert room - busy.missed <= busy.scheduled <= room
    refused = busy.fired - busy.scheduled
    assert (busy.no_slot, busy.busy) == (0, refused)
    assert busy.errors == ({"EBUSY": refused} if refused else {})
    evicting = by_kind[MapKind.LRU_HASH]
    assert (evicting.scheduled, evicting.no_slot, evicting.busy) == (evicting.fired, 0, 0)


def test_an_evicted_slot_means_cancelled(start_target: StartTarget) -> None:
    target = start_target("pause", 16)
    plan = plan_for(target, trigger="syscall:pause", slots=4, map_kinds=(MapKind.LRU_HASH,))
    row = (MapKind.LRU_HASH, RESUME)
    with Run(plan) as run:
        target.tell()
        run.until(
            lambda ledger: (
                (ledger[row].fired, ledger[row].pending, ledger[row].cancelled) == (16, 4, 12)
            )
        )
        target.tell()
        run.until(lambda ledger: ledger[row].completed == 4)
        counters = run.finish()[row]
    assert (counters.scheduled, counters.completed, counters.cancelled) == (16, 4, 12)


def test_a_fifth_probe_of_a_sleeper_is_busy(start_target: StartTarget) -> None:
    target = start_target("pause", 1)
    with Run(plan_for(target, trigger="probe")) as run:
        target.tell()
        target.wait_asleep()
        for _ in range(5):
            run.send(Probe())
        ledger = run.finish()
    # the main thread sleeps in read() and is probed as well
    for kind in (MapKind.HASH, MapKind.LRU_HASH):
        counters = ledger[kind, RESUME]
        assert (counters.fired, counters.scheduled, counters.busy) == (10, 8, 2)
        assert counters.cancelled == 8
        assert counters.errors == {"EBUSY": 2}
    # the slots of an array belong to no thread
    assert (ledger[MapKind.ARRAY, RESUME].scheduled, ledger[MapKind.ARRAY, RESUME].busy) == (10, 0)


def test_recursion_means_missed(start_target: StartTarget, tmp_path: Path) -> None:
    """Our program hangs on the tracepoint that another BPF program hits, exactly 300 times, as it runs."""
    target = start_target("spin", 1)
    other = tmp_path / "other.py"
    other.write_text(_PRINTING_PROGRAM)
    with Run(plan_for(target, trigger="tracepoint:bpf_trace:bpf_trace_printk")) as run:
        printing = subprocess.Popen(
            [sys.executable, other, str(target.tids[0])],
            stdin=subprocess.PIPE,
            env={**os.environ, "BCC_KERNEL_SOURCE": str(bpf_directory() / "include")},
        )
        try:
            run.until(lambda ledger: all(ledger[kind, RESUME].missed >= 300 for kind in KINDS))
        finally:
            printing.communicate()
        ledger = run.finish()
    for kind in KINDS:
        assert (ledger[kind, RESUME].missed, ledger[kind, RESUME].fired) == (300, 0)


_PRINTING_PROGRAM = """
import sys
from bcc import BPF, PerfType, PerfSWConfig
text = '''
BPF_ARRAY(calls, u64, 1);
int on_sample(void *ctx) {
    u32 zero = 0;
    u64 *count = calls.lookup(&zero);
    if (!count || *count >= 300)
        return 0;
    *count += 1;
    bpf_trace_printk("called");
    return 0;
}'''
bpf = BPF(text=text)
bpf.attach_perf_event(ev_type=PerfType.SOFTWARE, ev_config=PerfSWConfig.CPU_CLOCK,
                      fn_name="on_sample", sample_freq=999, pid=int(sys.argv[1]))
sys.stdin.read()
"""


def test_resume_leaves_a_sleeper_alone_and_signal_wakes_it(start_target: StartTarget) -> None:
    target = start_target("pause", 1)
    plan = plan_for(target, trigger="probe", capture=f"str({target.address:#x})")
    with Run(plan) as run:
        target.tell()
        target.wait_asleep()
        run.send(Probe())
        run.until_every_kind(scheduled=2)
        run.until_reading_at(time.monotonic_ns())
        for kind in KINDS:
            waiting = run.ledger()[kind, RESUME]
            assert (waiting.scheduled, waiting.pending, waiting.completed) == (2, 2, 0)
        run.send(SetMode(SIGNAL))
        run.send(Probe())
        run.until(lambda ledger: all(ledger[kind, SIGNAL].completed == 2 for kind in KINDS))
        ledger = run.finish()
    for kind in KINDS:
        # the signal made the tasks return to the kernel's exit path, where all that waited ran
        assert ledger[kind, RESUME].completed == ledger[kind, SIGNAL].completed == 2
    assert {event.data for event in run.events} == {target.text}
    wait_until(lambda: target.process.poll() is None and bool(target.tids))


def test_a_toggle_loses_nothing(start_target: StartTarget) -> None:
    target = start_target("spin", 2)
    with Run(plan_for(target, capture=f"str({target.address:#x})", rate_hz=999)) as run:
        for toggle in range(20):
            run.send(SetMode(SIGNAL if toggle % 2 == 0 else RESUME))
            run.run_for(0.05)
        run.until_reading_at(time.monotonic_ns())
        assert not any(counters.cancelled for counters in run.ledger().values())
        ledger = run.finish()
    for kind in KINDS:
        for mode in Mode:
            counters = ledger[kind, mode]
            assert counters.completed > 50
            # the Stop does not wait long for a thread that has no CPU just then
            assert counters.scheduled == counters.completed + counters.cancelled
            assert (counters.lost, counters.dropped) == (0, 0)
    assert {event.data for event in run.events} == {target.text}
