"""The kernel says no to one call of a run, to each in turn: it is said in words, and nothing stays behind.

A good run tells which calls there are. Then the same run is made again for every one of them, with
that call failing: at the start, at a switch of the mode, a change of a capture, a probe, the end of
a target, and at the stop.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kernel_faults import KernelCalls, Point, SameProcess, is_in_words
from kernel_harness import TargetProcess, plan_for, surviving, wait_until
from open_files import open_files

from twtui.engine import Engine
from twtui.errors import TwtuiError
from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.run import accounts, session
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Command, Plan, Probe, SetCapture, SetMode, Stop, Target, Watch
from twtui.model.trigger import parse_trigger

StartProgram = Callable[..., TargetProcess]
CALLS = 3
STEPS = ("start", "events", "mode", "capture", "symbol", "probe", "end of a target", "stop")
_WITH_FUNCTIONS = ("start", "capture")
"""Steps in which the watch of a function matters: the kernel takes its time to detach one."""
_IN_MEMORY = {"btf_find", "btf_type", "btf_name"}
"""They look into memory of ours, thousands of times in one way: the first call stands for all."""
_IN_THE_COMPILER = {"btf_parse", "btf_type_count"}
"""Called by the compiler's child only, which has tests of its own."""
_MADE_GOOD = {
    "btf_find": "the other variant of the kfuncs is looked for",
    "btf_name": "one name among thousands",
    "_prog_load": "tried again, with the verifier's log",
}
"""Refused once, these change nothing that a person would have to know."""


@dataclass(frozen=True)
class Told:
    """A run that is over, as a person has seen it."""

    state: RunState
    error: Exception | None = None
    notes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """Those that were made."""
    seen: int = 0
    """Most firings that a screen has shown."""
    kept: int = 0
    """Firings on the last one."""
    balances: bool = True


class Story:
    """The same run every time: two programs are watched, one has a child, the other is ended."""

    def __init__(self, calls: KernelCalls, start: StartProgram, program: Path) -> None:
        self._calls = calls
        self._start = start
        self._program = program

    @contextmanager
    def _targets(self) -> Iterator[tuple[TargetProcess, subprocess.Popen[bytes]]]:
        doomed = subprocess.Popen(["/bin/sleep", "1000"])
        busy = self._start(self._program, CALLS, "fork", text="what is said")
        try:
            yield busy, doomed
            assert busy.process.poll() is None, "the target was disturbed"
        finally:
            busy.end()
            doomed.kill()
            doomed.wait()

    def tell(
        self, functions: bool = False, fails: Callable[[Point], bool] = lambda _: False
    ) -> Told:
        """One run, in which these calls fail."""
        self._calls.reset(fails)
        kernel_btf.cache_clear()
        with self._targets() as (busy, doomed):
            engine = Engine(
                SameProcess(),
                _plan(busy.pid, doomed.pid, functions),
                lambda _: None,
                clock=_clock(),
            )
            self._calls.begin("start")
            try:
                engine.open()
            except TwtuiError as error:
                return Told(engine.latest.state, error)
            return self._rest(engine, _acts(busy, doomed, functions))

    def _rest(self, engine: Engine, acts: dict[str, Callable[[], None] | Command]) -> Told:
        goes_on, seen, made = True, 0, []
        for step, act in acts.items():
            if not goes_on:
                break
            self._calls.begin(step)
            made.append(step)
            if callable(act):
                act()
                # what was under way before it
                goes_on = engine.step()
            else:
                engine.submit(act)
            goes_on = goes_on and engine.step()
            seen = max(seen, engine.latest.total.fired)
        while goes_on and engine.step():
            pass
        last = engine.latest
        engine.stop()
        return Told(
            last.state, engine.failure, last.notes, tuple(made), seen, last.total.fired,
            not last.broken,
        )  # fmt: skip


def _plan(busy: int, doomed: int, functions: bool) -> Plan:
    plan = plan_for(busy, map_kinds=(MapKind.HASH,))
    writes = Watch(parse_trigger("syscall:write:exit"), parse_capture("bytes(arg2, ret)"))
    # the doomed one has no program_say
    returns = Watch(parse_trigger("uretprobe:exe:program_say"), parse_capture("ret"), optional=True)
    watches = (returns, writes) if functions else (writes,)
    targets = (*plan.targets, Target(doomed))
    return replace(plan, targets=targets, watches=watches, children=True)


def _acts(
    busy: TargetProcess, doomed: subprocess.Popen[bytes], functions: bool
) -> dict[str, Callable[[], None] | Command]:
    """What is done in each step after the start."""

    def events() -> None:
        busy.tell()
        busy.wait_done()

    def end() -> None:
        doomed.kill()
        wait_until(lambda: "\nState:\tZ" in Path(f"/proc/{doomed.pid}/status").read_text())

    other = "entry.arg2" if functions else "bytes(arg2, 2)"
    return {
        "events": events,
        "mode": SetMode(Mode.SIGNAL),
        "capture": SetCapture(0, parse_capture(other)),
        "symbol": SetCapture(int(functions), parse_capture("str(*sym:environ)")),
        "probe": Probe(),
        "end of a target": end,
        "stop": Stop(),
    }


def _clock() -> Callable[[], int]:
    """A second passes with every look, so that each batch is published."""
    now_ns = 0

    def look() -> int:
        nonlocal now_ns
        now_ns += 1_000_000_000
        return now_ns

    return look


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[KernelCalls]:
    """Every call is counted; every poll reads the ledger, and settling does not wait long."""
    counted = KernelCalls()
    counted.install(monkeypatch)
    monkeypatch.setattr(session, "READING_INTERVAL_S", 0.0)
    monkeypatch.setattr(accounts, "_SETTLE_PAUSE_S", 0.002)
    yield counted
    kernel_btf.cache_clear()


@pytest.fixture
def story(
    calls: KernelCalls, start_program: StartProgram, functions_program: Path
) -> Iterator[Story]:
    """Nothing of any of its runs is in the kernel afterwards."""
    yield Story(calls, start_program, functions_program)
    assert all(calls.objects.values()), "nothing was made in the kernel: the test proves nothing"
    wait_until(lambda: not surviving(calls.objects))


def points_of(calls: KernelCalls, story: Story, *steps: str) -> list[Point]:
    """Every call of these steps, found by a run in which none fails."""
    told = story.tell(not set(steps).isdisjoint(_WITH_FUNCTIONS))
    assert (told.state, told.error, told.balances) == (RunState.ENDED, None, True), told
    assert told.steps == STEPS[1:]
    assert not [note for note in told.notes if is_about_a_refusal(note)]
    points = [
        point
        for point in dict.fromkeys(calls.made)
        if point.step in steps and not (point.call in _IN_MEMORY and point.number)
    ]
    assert points, "nothing is called in this step: the test proves nothing"
    return points


def is_about_a_refusal(note: str) -> bool:
    """It tells of a call that failed."""
    return "refused" in note or "could not be" in note


def check(told: Told, failed: list[Point]) -> None:
    """What holds whatever was refused."""
    assert failed, "the call was not made again"
    assert told.kept >= told.seen, failed
    if told.state is RunState.ENDED:
        assert told.error is None
        assert told.balances, failed
    else:
        assert told.state is RunState.FAILED, failed
        assert isinstance(told.error, TwtuiError), failed
        assert is_in_words(told.error), (failed, told.error)


def test_all_calls_are_made_in_the_run(calls: KernelCalls, story: Story) -> None:
    """A function that is new in libbpf.py has to be called by the story, or it is not tested here."""
    made = {point.call for point in points_of(calls, story, *STEPS)}
    assert made == calls.names - _IN_THE_COMPILER


@pytest.mark.parametrize("step", STEPS)
def test_a_call_that_is_refused_once(calls: KernelCalls, story: Story, step: str) -> None:
    """After the start the run goes on, says so, and its ledger balances at the end."""
    for point in points_of(calls, story, step):
        before = open_files()
        told = story.tell(step in _WITH_FUNCTIONS, point.__eq__)
        check(told, calls.failed)
        # fewer, where what another test forgot is cleared away meanwhile
        assert not open_files() - before, point
        if told.steps:
            assert told.state is RunState.ENDED, (point, told.error)
            assert told.steps == STEPS[1:]
            said = any(is_about_a_refusal(note) for note in told.notes)
            assert said or point.call in _MADE_GOOD, (point, told.notes)


@pytest.mark.parametrize("step", STEPS)
def test_a_call_that_is_refused_from_then_on(calls: KernelCalls, story: Story, step: str) -> None:
    later = STEPS[STEPS.index(step) :]

    def refused(call: str) -> Callable[[Point], bool]:
        return lambda point: point.call == call and point.step in later

    for call in dict.fromkeys(point.call for point in points_of(calls, story, step)):
        before = open_files()
        told = story.tell(step in _WITH_FUNCTIONS, refused(call))
        check(told, calls.failed)
        assert not open_files() - before, call
        said = told.error or any(is_about_a_refusal(note) for note in told.notes)
        assert said or call == "btf_name", (call, told)
