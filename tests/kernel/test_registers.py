"""The registers that an event brings are those that the program had at the trigger, every one of them."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for, wait_until

from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.event import Event
from twtui.model.registers import named_registers

StartTarget = Callable[..., TargetProcess]
CALLS = 200
pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="this machine is none that the target is written for"
)
CONSTANTS = {
    "rbp": 0xB0B0, "rdi": 0xD1, "rsi": 0x51, "rdx": 0xD2, "r10": 0x10, "r8": 0x8, "r9": 0x9,
    "r12": 0x1212, "r13": 0x1313, "r14": 0x1414, "r15": 0x1515151515151515,
}  # fmt: skip
GETPPID, PAUSE = 110, 34
"""Numbers of the calls on x86_64, which the kernel keeps in orig_rax."""


@pytest.fixture
def target(registers_program: Path, start_program: StartTarget) -> TargetProcess:
    return start_program(registers_program, CALLS)


def run_calls(target: TargetProcess, **of_plan: object) -> Run:
    plan = plan_for(target, trigger="syscall:getppid", **of_plan)  # type: ignore[arg-type]
    with Run(replace(plan, registers=True)) as run:
        target.tell()
        target.wait_done()
        run.finish()
    return run


def check(event: Event, target: TargetProcess, number: int, call: int) -> None:
    found = named_registers(event.registers)
    assert {name: found[name] for name in CONSTANTS} == CONSTANTS
    # where the call returns to, which the instruction itself leaves in rcx
    assert (found["rip"], found["rcx"]) == (target.address, target.address)
    assert (found["rbx"], found["orig_rax"]) == (number, call)


@pytest.mark.parametrize("mode", [Mode.RESUME, Mode.SIGNAL])
@pytest.mark.parametrize("map_kind", list(MapKind))
def test_of_a_deferred_read(target: TargetProcess, map_kind: MapKind, mode: Mode) -> None:
    if mode is Mode.SIGNAL:
        plan = plan_for(target, trigger="syscall:getppid:exit", mode=mode, map_kinds=(map_kind,))
        with Run(replace(plan, registers=True)) as run:
            target.tell()
            target.wait_done()
            run.finish()
    else:
        run = run_calls(target, map_kinds=(map_kind,), capture="bytes(sp, 100)")
    assert len(run.events) == CALLS
    for number, event in enumerate(run.events, 1):
        check(event, target, number, GETPPID)


def test_of_a_read_that_the_trigger_could_do(target: TargetProcess) -> None:
    run = run_calls(target, map_kinds=(MapKind.HASH,), defer=Defer.FAULT, capture="bytes(sp, 33)")
    assert [event.delay_ns for event in run.events] == [None] * CALLS
    assert {len(event.data) for event in run.events} == {33}
    for number, event in enumerate(run.events, 1):
        check(event, target, number, GETPPID)


def test_of_a_sleeping_thread_that_is_probed(target: TargetProcess) -> None:
    plan = plan_for(target, trigger="probe:5hz", mode=Mode.SIGNAL, map_kinds=(MapKind.HASH,))
    target.tell()
    target.wait_done()
    target.tell()
    wait_until(lambda: target.sleeps(target.pid))
    with Run(replace(plan, registers=True)) as run:
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.SIGNAL].completed >= 3)
        run.finish()
    for event in run.events:
        check(event, target, CALLS + 1, PAUSE)


def test_only_where_they_are_asked_for(target: TargetProcess) -> None:
    with Run(plan_for(target, trigger="syscall:getppid", map_kinds=(MapKind.HASH,))) as run:
        target.tell()
        target.wait_done()
        run.finish()
    assert len(run.events) == CALLS
    assert not any(event.registers for event in run.events)
