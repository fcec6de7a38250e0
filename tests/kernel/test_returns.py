"""What a function returns, with what it was given at its entry; and values that are not memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for, wait_until

from twtui.errors import UsageError
from twtui.kernel.names.symbols import symbol_address
from twtui.kernel.run import target_set
from twtui.kernel.run.session import Session
from twtui.model.capture import Read, decode_number, parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.event import Event
from twtui.model.plan import SetCapture
from twtui.wire.layout import iter_events

StartTarget = Callable[..., TargetProcess]
HASH = (MapKind.HASH,)
CALLS = 50
"""Of each thread; there are two."""


def run_calls(target: TargetProcess, trigger: str, capture: str) -> Run:
    with Run(plan_for(target, trigger=trigger, capture=capture, map_kinds=HASH)) as run:
        target.tell()
        target.wait_done()
        run.finish()
    return run


def numbers(run: Run) -> list[int]:
    return sorted(decode_number(Read.VALUE, event.data) or 0 for event in run.events)


def twice(values: list[int]) -> list[int]:
    return sorted([*values, *values])


def test_the_return_value_of_every_call(
    functions_program: Path, start_program: StartTarget
) -> None:
    target = start_program(functions_program, CALLS)
    run = run_calls(target, "uretprobe:exe:program_say", "ret")
    assert numbers(run) == twice([2 * number for number in range(1, CALLS + 1)])


def test_an_argument_as_it_is(functions_program: Path, start_program: StartTarget) -> None:
    target = start_program(functions_program, CALLS)
    run = run_calls(target, "uprobe:exe:program_say", "arg2")
    assert numbers(run) == twice(list(range(1, CALLS + 1)))


def test_an_argument_of_the_entry_at_the_return(
    functions_program: Path, start_program: StartTarget
) -> None:
    target = start_program(functions_program, CALLS)
    run = run_calls(target, "uretprobe:exe:program_say", "entry.arg2")
    assert numbers(run) == twice(list(range(1, CALLS + 1)))


def test_memory_named_at_the_entry_with_the_length_returned(
    functions_program: Path, start_program: StartTarget
) -> None:
    target = start_program(functions_program, CALLS)
    run = run_calls(target, "uretprobe:exe:program_say", "bytes(entry.arg1, ret)")
    # the text lies at the very end of the target's stack: what is behind it may not be there
    lengths = sorted(event.wanted_bytes for event in run.events)
    assert lengths == twice([2 * number for number in range(1, CALLS + 1)])
    known = len(target.text)
    assert all(event.data[:known] == target.text[: len(event.data)] for event in run.events)


def test_the_result_of_a_system_call(start_target: StartTarget) -> None:
    target = start_target("call", 1, 30)
    run = run_calls(target, "syscall:getppid:exit", "ret")
    assert set(numbers(run)) == {_parent_of(target.pid)}


def _parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])


def test_a_symbol_of_the_target(functions_program: Path, start_program: StartTarget) -> None:
    target = start_program(functions_program, CALLS)
    run = run_calls(target, "uprobe:exe:program_say", "str(*sym:text)")
    assert {event.data for event in run.events} == {target.text}


def test_an_unknown_symbol_is_refused(functions_program: Path, start_program: StartTarget) -> None:
    target = start_program(functions_program, CALLS)
    with pytest.raises(UsageError, match="no_such_thing"):
        run_calls(target, "uprobe:exe:program_say", "str(*sym:no_such_thing)")


def test_entry_arguments_only_at_a_return(
    functions_program: Path, start_program: StartTarget
) -> None:
    target = start_program(functions_program, CALLS)
    with pytest.raises(UsageError, match="only known at the return"):
        run_calls(target, "uprobe:exe:program_say", "entry.arg1")


def test_a_capture_can_turn_to_entry_arguments_while_running(
    functions_program: Path, start_program: StartTarget
) -> None:
    target = start_program(functions_program, CALLS)
    trigger = "uretprobe:exe:program_say"
    with Run(plan_for(target, trigger=trigger, capture="ret", map_kinds=HASH)) as run:
        run.send(SetCapture(0, parse_capture("entry.arg2")))
        target.tell()
        target.wait_done()
        ledger = run.finish()
    assert numbers(run) == twice(list(range(1, CALLS + 1)))
    assert ledger[MapKind.HASH, Mode.RESUME].completed == 2 * CALLS


def test_a_symbol_is_forgotten_at_execve_until_it_is_found_again(
    start_target: StartTarget, target_program: Path
) -> None:
    """The new image is loaded elsewhere: at the old address there is something else, or nothing."""
    target = start_target("exec", target_program)
    with Run(plan_for(target, trigger="syscall:mmap", capture="str(*sym:what)")) as run:
        target.tell()
        run.until(lambda _: any("has become" in note for note in run.notes))
        run.finish()
    assert any(event.result == -2 for event in run.events)
    assert {event.data for event in run.events} <= {b"", b"exec", b"pause"}


@pytest.mark.parametrize("while_running", [False, True])
def test_a_symbol_is_of_the_image_that_came_while_it_was_looked_up(
    start_target: StartTarget,
    target_program: Path,
    monkeypatch: pytest.MonkeyPatch,
    while_running: bool,
) -> None:
    target = start_target("exec", target_program)
    look_ups = iter([False, True] if while_running else [True])

    def look_up(pid: int, name: str) -> int:
        address = symbol_address(pid, name)
        if next(look_ups, False):
            target.tell()
            wait_until(lambda: target.has_spoken)  # from the new image
        return address

    monkeypatch.setattr(target_set, "symbol_address", look_up)
    capture = "str(*sym:what)"
    plan = plan_for(
        target, trigger="syscall:pause", capture="none" if while_running else capture,
        map_kinds=HASH, defer=Defer.FAULT,
    )  # fmt: skip
    notes: list[str] = []
    events: list[Event] = []

    def has_come(what: list[str] | list[Event]) -> bool:
        batch = run.poll()
        notes.extend(batch.notes)
        events.extend(iter_events(batch.records))
        return bool(what)

    with closing(Session(plan)) as run:
        if while_running:
            run.send(SetCapture(0, parse_capture(capture)))
        wait_until(lambda: has_come(notes))
        assert notes == [f"target {target.pid} has become target"]
        target.tell()
        wait_until(lambda: has_come(events))
    assert [event.data for event in events] == [b"pause"]
