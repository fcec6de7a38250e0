"""What a target sees of signal mode and of resume mode in every call of the table, on the running kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kernel_harness import PATIENCE_S, Run, TargetProcess, plan_for, wait_until

from twtui.model.disturbance import CALLS, BlockedCall, Effect, Reach, reach_of
from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Plan, Probe, SetMode

HASH = MapKind.HASH
_URING_SWITCH = Path("/proc/sys/kernel/io_uring_disabled")
_HAS_URING = _URING_SWITCH.exists() and _URING_SWITCH.read_text().strip() == "0"
_ROUNDS = 200
_SAMPLE_HZ = 10_000
_QUIET_ROUNDS = 400
_MOST_ROUNDS = 40_000
"""In which a sample must have hit a thread that was about to sleep: one in some hundred does."""

rows = pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            call,
            marks=pytest.mark.skipif(
                call.name == "io_uring_enter" and not _HAS_URING,
                reason="this machine has io_uring switched off",
            ),
            id=call.name,
        )
        for call in CALLS
    ],
)


@dataclass
class Seen:
    """What a blocked call came back with."""

    result: int
    error: int
    wanted: int

    @property
    def effect(self) -> Effect | None:
        """None: it came to its ordinary end."""
        if self.result < 0:
            assert self.error == 4, f"errno {self.error}"
            return Effect.INTERRUPTED
        return None if self.result == self.wanted else Effect.SHORT


class BlockingTarget:
    """``targets/blocking.c``, driven line by line."""

    def __init__(self, target: TargetProcess) -> None:
        self.process = target
        self.tid = target.tids[0]

    def _tell(self, line: str) -> None:
        assert self.process.process.stdin
        self.process.process.stdin.write(line.encode() + b"\n")
        self.process.process.stdin.flush()

    def _words(self, start: str) -> list[int]:
        assert self.process.process.stdout
        word, *numbers = self.process.process.stdout.readline().split()
        assert word.decode() == start
        return [int(number) for number in numbers]

    def block(self, call: BlockedCall) -> None:
        """Let the thread call, until it sleeps in that call."""
        self._tell(f"once {call.name}")
        self.numbers = self._words("number")
        wait_until(self.is_blocked)

    def is_blocked(self) -> bool:
        """The thread sleeps in the call; also when the kernel has begun it again."""
        words = Path(f"/proc/{self.process.pid}/task/{self.tid}/syscall").read_text().split()
        inside = words[0].isdigit() and int(words[0]) in self.numbers
        return inside and self.process.sleeps(self.tid)

    def release(self) -> Seen:
        """Give the call what it waits for."""
        self._tell("release")
        return Seen(*self._words("saw"))

    def rounds(self, call: BlockedCall, count: int) -> Counter[Effect | None]:
        """So many short calls, and how they ended; None: as they should."""
        self._tell(f"rounds {call.name} {count}")
        fine, interrupted, short, other = self._words("rounds")
        assert not other
        return +Counter({None: fine, Effect.INTERRUPTED: interrupted, Effect.SHORT: short})


@pytest.fixture(scope="module")
def target(blocking_program: Path) -> Iterator[BlockingTarget]:
    started = TargetProcess(blocking_program, [], "")
    try:
        yield BlockingTarget(started)
        # it takes its queue and its semaphore with it, which a killed one cannot
        assert started.process.stdin
        started.process.stdin.close()
        assert started.process.wait(PATIENCE_S) == 0
    finally:
        started.end()


def plan_of(target: BlockingTarget, trigger: str, mode: Mode, rate_hz: int = 499) -> Plan:
    plan = plan_for(target.process, trigger=trigger, mode=mode, rate_hz=rate_hz, map_kinds=(HASH,))
    return replace(plan, threads=(target.tid,))


def probe(run: Run, mode: Mode, came: Callable[[int, int], bool]) -> None:
    """One callback for the thread, until what was scheduled and what has completed is as it should be."""
    run.send(SetMode(mode))
    before = run.ledger()[HASH, mode]
    run.send(Probe())
    run.until(
        lambda ledger: came(
            ledger[HASH, mode].scheduled - before.scheduled,
            ledger[HASH, mode].completed - before.completed,
        )
    )


class TestAProbe:
    """It finds a thread wherever it is, asleep too."""

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, target: BlockingTarget) -> Iterator[Run]:
        with Run(plan_of(target, "probe", Mode.RESUME)) as run:
            yield run
            run.finish()

    @rows
    def test_in_resume_mode_wakes_nobody(
        self, target: BlockingTarget, run: Run, call: BlockedCall
    ) -> None:
        assert call.effect(Mode.RESUME, Reach.ASLEEP) is Effect.NOTHING
        target.block(call)
        probe(run, Mode.RESUME, lambda scheduled, _: scheduled == 1)
        assert run.ledger()[HASH, Mode.RESUME].pending == 1
        assert target.is_blocked()
        assert target.release().effect is None
        run.until(lambda ledger: ledger[HASH, Mode.RESUME].pending == 0)

    @rows
    def test_in_signal_mode_wakes_a_sleeper(
        self, target: BlockingTarget, run: Run, call: BlockedCall
    ) -> None:
        target.block(call)
        probe(run, Mode.SIGNAL, lambda scheduled, completed: scheduled == completed == 1)
        wanted = call.effect(Mode.SIGNAL, Reach.ASLEEP)
        if wanted is Effect.GOES_ON:
            wait_until(target.is_blocked)
        seen = target.release().effect
        assert (seen or Effect.GOES_ON) is wanted


class TestASample:
    """It hits a thread that runs, and so, seldom, one that is about to fall asleep."""

    @pytest.fixture(scope="class", params=list(Mode), ids=str)
    @classmethod
    def run(cls, target: BlockingTarget, request: pytest.FixtureRequest) -> Iterator[Run]:
        with Run(plan_of(target, "sample", request.param, _SAMPLE_HZ)) as run:
            yield run
            assert run.finish()[HASH, request.param].completed > len(CALLS)

    @rows
    def test_may_keep_a_thread_from_falling_asleep(
        self, target: BlockingTarget, run: Run, call: BlockedCall
    ) -> None:
        mode = run.plan.mode
        wanted = call.effect(mode, Reach.FALLING_ASLEEP)
        found: Counter[Effect | None] = Counter()
        while found.total() < (_MOST_ROUNDS if wanted.is_seen else _QUIET_ROUNDS):
            found += target.rounds(call, _ROUNDS)
            run.poll(0)
            if found[wanted]:
                break
        assert set(found) - {None} == ({wanted} if wanted.is_seen else set())


class TestWhatFindsAThreadAwake:
    """At the exit of a call, and in a function, it is in no call that could be disturbed."""

    @pytest.fixture(
        scope="class", params=["tracepoint:raw_syscalls:sys_exit", "uprobe:exe:about_to_call"]
    )
    @classmethod
    def run(cls, target: BlockingTarget, request: pytest.FixtureRequest) -> Iterator[Run]:
        with Run(plan_of(target, request.param, Mode.SIGNAL)) as run:
            yield run
            run.finish()

    @rows
    def test_leaves_the_next_call_alone(
        self, target: BlockingTarget, run: Run, call: BlockedCall
    ) -> None:
        assert reach_of(run.plan.watches[0].trigger) is Reach.AWAKE
        assert call.effect(Mode.SIGNAL, Reach.AWAKE) is Effect.NOTHING
        before = run.ledger()[HASH, Mode.SIGNAL].completed
        assert target.rounds(call, _ROUNDS) == {None: _ROUNDS}
        run.until(lambda ledger: ledger[HASH, Mode.SIGNAL].completed - before >= _ROUNDS)
