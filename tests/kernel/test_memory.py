"""A callback shows the memory of its own process, as it was meant at the trigger, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, may_miss, plan_for, with_watch

from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, EventFlag, MapKind, Mode
from twtui.model.event import NOT_TRIED
from twtui.model.plan import Probe, SetCapture

StartTarget = Callable[..., TargetProcess]
KINDS = list(MapKind)


def test_exiting_threads_never_show_another_process(start_target: StartTarget) -> None:
    """Both processes have their text at the same address, and threads of one exit all the time.

    An exiting thread has no memory of its own any more and may run on the other's page tables.
    """
    ours = start_target("churn", 1600, text="A" * 64)
    other = start_target("spin", 2, text="B" * 64)
    assert ours.address == other.address
    plan = plan_for(
        ours, trigger="tracepoint:sched:sched_switch", capture=f"str({ours.address:#x})"
    )
    at_exit = "tracepoint:sched:sched_process_exit"
    with Run(with_watch(plan, at_exit, f"str({ours.address:#x})")) as run:
        ours.tell()
        ours.wait_done()
        ledger = run.finish()
    for kind in KINDS:
        counters = ledger[kind, Mode.RESUME]
        assert counters.completed > 1000
        assert counters.lost > 100
        # what is lost was scheduled by a thread without memory, of which nothing is read at the trigger either
        assert counters.nofault_fault >= counters.lost
    seen = Counter(event.data for event in run.events)
    foreign = sum(count for data, count in seen.items() if b"B" in data)
    assert foreign == 0
    assert set(seen) <= {ours.text, b""}
    gone = [event for event in run.events if event.flags & EventFlag.GONE]
    assert gone, "no callback ran in an exiting thread: the test proves nothing"
    assert all(event.result < 0 for event in gone)


def test_memory_of_before_execve_is_kept_and_never_that_of_after(
    start_target: StartTarget, target_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callback of a successful execve runs in the new image, which has another text there."""
    target = start_target("exec", target_program, text="before")
    plan = plan_for(target, trigger="syscall:execve", capture=f"str({target.address:#x})")
    with Run(plan) as run:
        target.tell()
        run.until(lambda ledger: all(ledger[kind, Mode.RESUME].completed == 1 for kind in KINDS))
        ledger = run.finish()
    for kind in KINDS:
        assert ledger[kind, Mode.RESUME].read_fault == 1
    assert len(run.events) == 3
    for event in run.events:
        assert event.data == b"before"
        assert event.flags & EventFlag.GONE
        assert event.flags & EventFlag.KEPT


def test_every_captured_byte_is_right(start_target: StartTarget) -> None:
    """One call per run, so that each capture's answer is known."""
    text = "".join(chr(33 + number % 90) for number in range(600))
    raw = text.encode()
    cases = {
        "str({0})": (raw[:256], True),
        "str({0}+500)": (raw[500:], False),
        "str({0}+344)": (raw[344:], False),
        "str({0}+343)": (raw[343:599], True),
        "bytes({0}, 64)": (raw[:64], False),
        "bytes({0}+10, 4096)": (raw[10:266], True),
        "u64({0}+8)": (raw[8:16], False),
        "u8({0})": (raw[:1], False),
        "bytes({0}+4090, 64)": (bytes(6), True),
    }
    for expression, (wanted, truncated) in cases.items():
        target = start_target("call", 1, 1, text=text)
        plan = plan_for(
            target,
            trigger="syscall:getppid",
            capture=expression.format(hex(target.address)),
            map_kinds=(MapKind.HASH,),
        )
        with Run(plan) as run:
            target.tell()
            target.wait_done()
            run.finish()
        (event,) = run.events
        assert event.data == wanted, expression
        assert event.truncated == truncated, expression
        assert (event.pid, event.tid) == (target.pid, target.tids[0])
        assert event.comm == b"target"
        assert event.ran_ns > event.trigger_ns


@pytest.mark.parametrize("defer", list(Defer))
def test_what_reaches_over_to_a_cold_page_is_read_whole(
    start_target: StartTarget, tmp_path: Path, defer: Defer
) -> None:
    """The half that is there is no reason to do without the callback."""
    path = tmp_path / "pages"
    path.write_bytes(bytes(range(256)) * 16 * 51)
    target = start_target("cold", 50, path, "edge")
    plan = plan_for(target, trigger="syscall:getppid", capture="bytes(arg1, arg2)", defer=defer)
    with Run(plan) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    over = [event for event in run.events if event.data == bytes([*range(244, 256), *range(12)])]
    assert all(event.rescued and not event.truncated for event in over)
    for kind, number in Counter(event.map_kind for event in over).items():
        counters = ledger[kind, Mode.RESUME]
        assert counters.rescued == number
        assert number == 50 or (may_miss() and number + counters.missed >= 50)
    assert {event.map_kind for event in over} == set(KINDS)


@pytest.mark.parametrize("capture", ["str(0x10)", "bytes(0xffffffffff600000, 8)", "str(*0x10)"])
def test_an_unreadable_address_is_a_counted_fault(start_target: StartTarget, capture: str) -> None:
    target = start_target("call", 1, 20)
    with Run(plan_for(target, trigger="syscall:getppid", capture=capture)) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    for kind in KINDS:
        counters = ledger[kind, Mode.RESUME]
        assert (counters.completed, counters.read_fault, counters.nofault_fault) == (20, 20, 20)
        assert counters.errors == {"EFAULT": 20}
    assert all(event.data == b"" and event.result == -14 for event in run.events)


def test_none_reads_nothing(start_target: StartTarget) -> None:
    target = start_target("call", 1, 20)
    with Run(plan_for(target, trigger="syscall:getppid", capture="none")) as run:
        target.tell()
        target.wait_done()
        ledger = run.finish()
    for kind in KINDS:
        assert ledger[kind, Mode.RESUME].read_none == 20
        assert ledger[kind, Mode.RESUME].nofault_none == 20
    assert all(event.result == event.nofault == NOT_TRIED for event in run.events)


def test_a_probe_reads_what_it_was_scheduled_to_read(start_target: StartTarget) -> None:
    """Also where the target wakes long after a change of the capture, whose symbols are others."""
    target = start_target("pause", 1)
    plan = plan_for(target, trigger="probe", capture="str(*sym:what)")
    with Run(plan) as run:
        run.send(Probe())
        run.until_every_kind(scheduled=2)
        run.send(SetCapture(0, parse_capture("str(*sym:second_text)")))
        target.tell()
        run.until_every_kind(completed=2)
        run.finish()
    assert Counter(event.data for event in run.events) == {b"pause": 6}


def test_nothing_of_another_event_is_in_one_that_reads_nothing(start_target: StartTarget) -> None:
    """Both are made in the same memory, one after the other."""
    target = start_target("spin", 1)
    plan = plan_for(target, capture=f"bytes({target.address:#x}, 64)")
    with Run(with_watch(plan, "sample", "stack")) as run:
        run.until(lambda _: all(at >= 20 for at in made(run).values()) and len(made(run)) == 6)
        run.finish()
    for event in run.events:
        assert event.address == (0 if event.capture else target.address)
        assert (event.wanted_bytes == 64) is not bool(event.capture)


def made(run: Run) -> Counter[tuple[int, MapKind]]:
    """Events by watch and map kind."""
    return Counter((event.capture, event.map_kind) for event in run.events)


def test_a_capture_changes_while_running(start_target: StartTarget) -> None:
    target = start_target("spin", 1, text="one two")
    with Run(plan_for(target, capture=f"str({target.address:#x})")) as run:
        run.until(lambda ledger: ledger[MapKind.HASH, Mode.RESUME].completed > 20)
        run.send(SetCapture(0, parse_capture(f"str({target.address + 4:#x})")))
        before = len(run.events)
        run.until(lambda _: len(run.events) > before + 100)
        run.finish()
    assert {event.data for event in run.events} == {b"one two", b"two"}
    last = [event.data for event in run.events[-20:]]
    assert set(last) == {b"two"}
