"""Builders for the kernel tests: targets with known answers, and runs that end with a settled ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from select import select

from twtui.backend.live import LiveBackend
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode, TargetState
from twtui.model.event import Event
from twtui.model.ledger import Counters, Row, ledger_invariants
from twtui.model.plan import Command, Plan, Stop, Target, Watch
from twtui.model.trigger import parse_trigger
from twtui.wire.layout import iter_events

PATIENCE_S = float(os.environ.get("TWTUI_TEST_PATIENCE_S", "60"))
"""How long to wait for what must come; an emulated machine takes its time."""


class TargetProcess:
    """A started test target that has said where its text is and which threads it has."""

    def __init__(self, program: Path, arguments: list[str], text: str) -> None:
        self.text = text.encode()
        self.process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TARGET_TEXT": text},
        )
        self.pid = self.process.pid
        self.address = int(self._line().removeprefix("ready "), 16)
        self.tids: list[int] = []
        while (line := self._line()) != "go":
            self.tids.append(int(line.removeprefix("tid ")))

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().decode().strip()

    def tell(self) -> None:
        """Send the line that makes the target act."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    @property
    def has_spoken(self) -> bool:
        """It has said something that was not read yet, or has ended."""
        assert self.process.stdout
        return bool(select([self.process.stdout], [], [], 0)[0])

    def wait_done(self) -> list[str]:
        """Until the target says that it is done; what it said before that."""
        said: list[str] = []
        while (line := self._line()) != "done":
            assert line, "the target ended"
            said.append(line)
        return said

    def wait_asleep(self) -> None:
        """Until every thread that it named sleeps, and the main one, and not on the way to that."""
        wait_until(lambda: all(self._rests(tid) for tid in (self.pid, *self.tids)))

    def _rests(self, tid: int) -> bool:
        """It sleeps, and for no barrier that another thread is about to open."""
        where = Path(f"/proc/{self.pid}/task/{tid}/wchan").read_text()
        return self.sleeps(tid) and "futex" not in where

    def sleeps(self, tid: int) -> bool:
        """One of its threads sleeps."""
        return stat_fields(tid)[0] == "S"

    def end(self) -> None:
        """End the process and reap it."""
        if self.process.poll() is None:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.process.wait()


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a condition; fail when it does not come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def may_miss() -> bool:
    """Linux 7.2 preempts programs at system calls, and skips one that is run again on that CPU meanwhile.

    7.0 does not. What is skipped is counted.
    """
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (7, 1)


def has_fired(counters: Counters, number: int) -> bool:
    """So often, whatever came of it."""
    return counters.fired + counters.missed == number and (may_miss() or not counters.missed)


def plan_for(
    *targets: TargetProcess | int, trigger: str = "sample", capture: str = "none", rate_hz: int = 499,
    map_kinds: tuple[MapKind, ...] = tuple(MapKind), mode: Mode = Mode.RESUME,
    defer: Defer = Defer.ALWAYS, slots: int = 4096, buffer_bytes: int = 8 << 20, max_bytes: int = 256,
) -> Plan:  # fmt: skip
    """A plan with one trigger and one capture."""
    pids = [target if isinstance(target, int) else target.pid for target in targets]
    return Plan(
        targets=tuple(Target(pid) for pid in pids),
        watches=(Watch(parse_trigger(trigger, rate_hz), parse_capture(capture)),),
        map_kinds=map_kinds,
        mode=mode,
        defer=defer,
        slots=slots,
        buffer_bytes=buffer_bytes,
        max_bytes=max_bytes,
    )


def with_watch(plan: Plan, trigger: str, capture: str) -> Plan:
    """The same plan with one trigger and capture more, the last."""
    return replace(
        plan, watches=(*plan.watches, Watch(parse_trigger(trigger), parse_capture(capture)))
    )


@dataclass
class Run:
    """A live run, driven by a test; leave it with ``finish``."""

    plan: Plan
    backend: LiveBackend = field(default_factory=LiveBackend)
    events: list[Event] = field(default_factory=list)
    last: Batch | None = None
    notes: list[str] = field(default_factory=list)
    names: dict[tuple[int, int], str] = field(default_factory=dict)

    def __enter__(self) -> Run:
        self.info = self.backend.open(self.plan)
        return self

    def __exit__(self, *_: object) -> None:
        self.backend.close()

    def send(self, command: Command) -> None:
        self.backend.send(command)

    def poll(self, timeout_s: float = 0.05) -> Batch:
        """One batch, kept."""
        batch = self.backend.poll(timeout_s)
        self.events += iter_events(batch.records)
        self.notes += batch.notes
        self.names.update(batch.names)
        if batch.reading:
            self.last = batch
        return batch

    def state(self, pid: int) -> TargetState | None:
        """What the last reading says of a target; None: nothing."""
        reading = self.last.reading if self.last else None
        views = reading.targets if reading else ()
        return next((view.state for view in views if view.pid == pid), None)

    def until_state(self, pid: int, state: TargetState) -> None:
        """Collect until a target is shown in this state."""
        self.until(lambda _: self.state(pid) is state)

    def until_every_kind(self, mode: Mode = Mode.RESUME, **wanted: int) -> None:
        """Collect until these counters of every map kind are these."""
        self.until(
            lambda ledger: all(
                getattr(ledger[kind, mode], name) == number
                for kind in self.plan.map_kinds
                for name, number in wanted.items()
            )
        )

    def until_reading_at(self, at_ns: int) -> None:
        """Collect until a reading was made then or later, by ``CLOCK_MONOTONIC``."""
        self.until(lambda _: bool(self.last and self.last.at_ns >= at_ns))

    def run_for(self, seconds: float) -> None:
        """Collect for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.poll()

    def until(self, condition: Callable[[Mapping[Row, Counters]], bool]) -> None:
        """Collect until a reading of the ledger satisfies the condition."""
        deadline = time.monotonic() + PATIENCE_S
        while not (self.last and self.last.reading and condition(self.ledger())):
            assert time.monotonic() < deadline, f"waited too long: {self.ledger()}"
            self.poll()

    def ledger(self) -> dict[Row, Counters]:
        """The last reading, with what was delivered here."""
        ledger: defaultdict[Row, Counters] = defaultdict(Counters)
        delivered = Counter((event.map_kind, event.mode) for event in self.events)
        if self.last and self.last.reading:
            for row, counters in self.last.reading.ledger.items():
                ledger[row] = replace(counters, delivered=delivered[row])
        return ledger

    def finish(self) -> dict[Row, Counters]:
        """Stop, take the last batch, and check that every invariant holds at quiet."""
        self.send(Stop())
        deadline = time.monotonic() + PATIENCE_S
        while not self.poll(0.2).end:
            assert time.monotonic() < deadline, "the run does not end"
        ledger = self.ledger()
        assert self.last
        assert self.last.reading
        assert self.last.reading.quiet, self.notes
        broken = [invariant for invariant in ledger_invariants(ledger) if not invariant.holds]
        assert not broken, broken
        return ledger


def kernel_objects(pid: int) -> dict[str, set[int]]:
    """Ids of the BPF programs, maps and links that a process holds."""
    found: dict[str, set[int]] = {"prog": set(), "map": set(), "link": set()}
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # closed just now
            for kind, ids in objects_of(entry).items():
                found[kind] |= ids
    return found


def objects_of(fdinfo: Path) -> dict[str, set[int]]:
    """What one file descriptor stands for, by its file in /proc/PID/fdinfo."""
    found: dict[str, set[int]] = {"prog": set(), "map": set(), "link": set()}
    for line in fdinfo.read_text().splitlines():
        for kind, ids in found.items():
            if line.startswith(f"{kind}_id:"):
                ids.add(int(line.split()[1]))
    return found


def surviving(objects: Mapping[str, set[int]]) -> dict[str, set[int]]:
    """Which of them the kernel still lists."""
    return {kind: ids & _listed(kind) for kind, ids in objects.items() if ids & _listed(kind)}


def _listed(kind: str) -> set[int]:
    answer = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, check=True)
    return {int(item["id"]) for item in json.loads(answer.stdout or b"[]")}


@contextmanager
def held_still(pid: int) -> Iterator[None]:
    """A process of ours does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: stat_fields(pid)[0] == "T")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; the first is the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
