"""Syscalls, tracepoints and children: every event is there, right, in order, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, may_miss, plan_for, wait_until, with_watch
from open_files import lasting_files

from twtui.kernel.run.tracefs import find_tracefs
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Plan

StartTarget = Callable[..., TargetProcess]
COUNT = 20_000
HASH = (MapKind.HASH,)
ROW = (MapKind.HASH, Mode.RESUME)


@pytest.fixture(scope="module")
def names_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A name on each of many pages; the file stays in the page cache, so the faults are minor."""
    path = tmp_path_factory.mktemp("cold") / "names"
    path.write_bytes(b"".join(name_of(number).ljust(4096, b"\0") for number in range(COUNT)))
    return path


def name_of(number: int) -> bytes:
    return b"/cold/name/%013d" % number


def hash_plan(
    target: TargetProcess, trigger: str, capture: str, defer: Defer = Defer.ALWAYS
) -> Plan:
    return plan_for(
        target, trigger=trigger, capture=capture, defer=defer, map_kinds=HASH, buffer_bytes=1 << 23
    )


def reads_for_itself(trigger: str) -> bool:
    """From Linux 6.19 on, the tracepoints of some calls fault in what their arguments point to.

    That is before any program runs (perf_syscall_enter() in kernel/trace/trace_syscalls.c), and the
    event has a field with the data.
    """
    kind, _, name = trigger.partition(":")
    form = find_tracefs() / "events" / "syscalls" / f"sys_enter_{name}" / "format"
    return kind == "syscall" and "__data_loc" in form.read_text()


@pytest.mark.parametrize("defer", [Defer.ALWAYS, Defer.FAULT])
@pytest.mark.parametrize(
    ("call", "trigger", "capture"),
    [
        ("open", "syscall:openat", "str(arg2)"),
        ("write", "syscall:write", "bytes(arg2, arg3)"),
        ("say", "uprobe:exe:cold_say", "str(arg1)"),
    ],
)
def test_what_lies_on_a_cold_page_is_read(
    start_target: StartTarget, names_file: Path, call: str, trigger: str, capture: str, defer: Defer
) -> None:
    """The read at the trigger gets none of them, the read in the callback all."""
    target = start_target("cold", COUNT, names_file, call)
    with Run(hash_plan(target, trigger, capture, defer)) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[ROW]
    captured = [event for event in run.events if event.data.startswith(b"/cold/")]
    found = [event.data for event in captured]
    wanted = [name_of(number) for number in range(COUNT)]
    if may_miss():
        known = frozenset(found)
        assert found == [name for name in wanted if name in known]
        assert len(found) >= COUNT - counters.missed
    else:
        assert found == wanted
    if reads_for_itself(trigger):
        return
    assert all(event.nofault == -14 for event in captured)
    assert all(event.rescued for event in captured)
    assert counters.rescued == counters.nofault_fault == len(captured)
    # besides, the target opens two files, or says that it is done
    others = len(run.events) - len(captured)
    assert others < 5
    assert counters.not_needed == (others if defer is Defer.FAULT else 0)


@pytest.mark.parametrize("map_kind", list(MapKind))
def test_what_the_call_has_brought_in_is_read_at_its_end(
    start_target: StartTarget, names_file: Path, map_kind: MapKind
) -> None:
    """No callback is needed: the kernel reads the name itself, between its start and its end."""
    target = start_target("cold", COUNT, names_file, "open")
    plan = hash_plan(target, "syscall:openat", "str(arg2)", Defer.EXIT)
    with Run(replace(plan, map_kinds=(map_kind,))) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[map_kind, Mode.RESUME]
    captured = [event for event in run.events if event.data.startswith(b"/cold/")]
    assert [event.data for event in captured] == [name_of(number) for number in range(COUNT)]
    assert all(event.nofault == -14 and event.read_at_exit for event in captured)
    assert not any(event.rescued for event in run.events)
    assert counters.nofault_fault == COUNT
    assert (counters.not_needed, counters.scheduled) == (len(run.events), 0)


@pytest.mark.parametrize(
    ("call", "trigger", "capture"),
    [
        # to /dev/null, which never looks at what is written
        ("write", "syscall:write", "bytes(arg2, arg3)"),
        ("say", "uprobe:exe:cold_say", "str(arg1)"),
    ],
)
def test_what_nobody_has_brought_in_is_deferred_at_the_end_of_the_call(
    start_target: StartTarget, names_file: Path, call: str, trigger: str, capture: str
) -> None:
    target = start_target("cold", COUNT, names_file, call)
    with Run(hash_plan(target, trigger, capture, Defer.EXIT)) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[ROW]
    captured = [event for event in run.events if event.data.startswith(b"/cold/")]
    assert [event.data for event in captured] == [name_of(number) for number in range(COUNT)]
    assert all(event.rescued and event.nofault == -14 for event in captured)
    assert counters.rescued == COUNT


def test_a_call_that_has_not_ended_is_counted_as_such(
    start_target: StartTarget, names_file: Path
) -> None:
    """A read that waits for a line: nothing is at the address, and the end of the call does not come."""
    target = start_target("cold", 1, names_file, "open")
    with Run(hash_plan(target, "syscall:read", "bytes(0x10, 8)", Defer.EXIT)) as run:
        target.tell()
        target.wait_done()
        run.until(lambda ledger: ledger[ROW].in_call == 1)
        counters = run.finish()[ROW]
    assert counters.in_call == 1
    assert counters.fired == counters.read_fault + 1


def test_what_is_resident_needs_no_task_work(start_target: StartTarget) -> None:
    target = start_target("call", 1, 1000)
    plan = hash_plan(target, "syscall:getppid", f"str({target.address:#x})", Defer.FAULT)
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[ROW]
    assert (counters.fired, counters.not_needed, counters.scheduled) == (1000, 1000, 0)
    assert counters.delivered == 1000
    assert {event.data for event in run.events} == {target.text}
    assert all(event.delay_ns is None for event in run.events)


def test_children_are_followed_from_their_first_call(start_target: StartTarget) -> None:
    target = start_target("fork", 50)
    plan = hash_plan(target, "syscall:openat", "str(arg2)")
    with Run(replace(plan, children=True)) as run:
        target.tell()
        target.wait_done()
        run.finish()
    opened = [event.data for event in run.events if event.data.startswith(b"/family/")]
    assert sorted(opened) == sorted(b"/family/%d" % number for number in range(50))
    assert len({event.pid for event in run.events} - {target.pid}) == 50


def test_children_are_left_alone_unless_asked_for(start_target: StartTarget) -> None:
    target = start_target("fork", 5)
    with Run(hash_plan(target, "syscall:openat", "str(arg2)")) as run:
        target.tell()
        target.wait_done()
        run.finish()
    assert not [event for event in run.events if event.pid != target.pid]


def test_only_the_threads_that_were_asked_for(start_target: StartTarget) -> None:
    target = start_target("call", 4, 100)
    plan = hash_plan(target, "syscall:getppid", "none")
    with Run(replace(plan, threads=tuple(target.tids[:2]))) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[ROW]
    assert counters.fired == 200
    assert {event.tid for event in run.events} == set(target.tids[:2])


def test_several_triggers_in_one_run(start_target: StartTarget) -> None:
    target = start_target("call", 1, 300)
    plan = hash_plan(target, "syscall:getppid", f"str({target.address:#x})")
    with Run(with_watch(plan, "syscall:getppid:exit", f"u8({target.address:#x})")) as run:
        target.tell()
        target.wait_done()
        run.finish()
    by_capture = {number: [e for e in run.events if e.capture == number] for number in (0, 1)}
    assert {event.data for event in by_capture[0]} == {target.text}
    assert {event.data for event in by_capture[1]} == {target.text[:1]}
    assert len(by_capture[0]) == len(by_capture[1]) == 300


def test_a_trigger_that_our_own_callback_hits_does_not_run_away(
    start_target: StartTarget, names_file: Path
) -> None:
    """Each callback faults one page in, which is a trigger of the same run: counted, not served."""
    target = start_target("cold", COUNT, names_file, "write")
    plan = hash_plan(target, "syscall:write", "bytes(arg2, 24)")
    with Run(with_watch(plan, "tracepoint:exceptions:page_fault_kernel", "none")) as run:
        target.tell()
        target.wait_done()
        counters = run.finish()[ROW]
    assert counters.self_fired == COUNT
    assert any("our own callback" in note for note in run.notes)
    assert COUNT < counters.fired < COUNT + 100


@pytest.mark.parametrize(
    "trigger",
    ["syscall:read", "tracepoint:raw_syscalls:sys_enter", "tracepoint:sched:sched_switch",
     "sample:context-switches"],
)  # fmt: skip
def test_signal_mode_is_refused_and_the_target_undisturbed(
    start_target: StartTarget, trigger: str
) -> None:
    from twtui.errors import UsageError

    target = start_target("spin", 1)
    wait_until(lambda: target.sleeps(target.pid))
    before = _switches(target.pid)
    with pytest.raises(UsageError, match="signal mode is refused"):
        Run(replace(hash_plan(target, trigger, "none"), mode=Mode.SIGNAL)).__enter__()
    assert _switches(target.pid) == before


def _switches(pid: int) -> str:
    """How often the main thread, which is blocked in ``read()``, was switched."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("voluntary_ctxt"))


def test_signal_mode_at_a_syscalls_exit_interrupts_nothing(start_target: StartTarget) -> None:
    """The target blocks in read() over and over, and no call of its comes back with EINTR."""
    target = start_target("read", 100)
    assert target.process.stdin
    plan = replace(hash_plan(target, "syscall:read:exit", "bytes(arg2, ret)"), mode=Mode.SIGNAL)
    with Run(plan) as run:
        for _ in range(100):
            target.process.stdin.write(b"x")
            target.process.stdin.flush()
            run.poll(0.002)
        said = target.wait_done()
        counters = run.finish()[MapKind.HASH, Mode.SIGNAL]
    assert said == ["interrupted 0"]
    assert [event.data for event in run.events[:100]] == [b"x"] * 100
    assert counters.completed >= 100


def test_threads_that_come_and_go_are_not_missed(start_target: StartTarget) -> None:
    """200 threads a second, 5 of them busy for 60 ms: each of these is sampled, nothing leaks."""
    target = start_target("burst", 4)
    plan = plan_for(target, rate_hz=199, slots=512)
    with Run(plan) as run:
        before = lasting_files(run.backend.kernel_pid)
        target.tell()
        said = target.wait_done()
        assert lasting_files(run.backend.kernel_pid) == before
        ledger = run.finish()
    busy = {int(line.removeprefix("tid ")) for line in said}
    assert len(busy) == 20
    assert busy <= {event.tid for event in run.events}
    for kind in MapKind:
        assert ledger[kind, Mode.RESUME].no_slot == ledger[kind, Mode.RESUME].pending == 0
