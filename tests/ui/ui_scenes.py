"""The scenes that whole screens are compared in, and that the pictures beside the README are drawn from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, NoReturn

from ui_samples import (
    DEMO,
    EVENTS,
    PROCESSES,
    VERIFIER_LOG,
    make_event,
    make_plan,
    make_snapshot,
)
from ui_stage import Stage, on_stage

from twtui.errors import PermissionDeniedError
from twtui.model.enums import Mode, RunState
from twtui.model.ledger import Counters, Invariant
from twtui.model.snapshot import Health, Snapshot
from twtui.ui.screens.findings import Findings

BOTH = (Mode.RESUME, Mode.SIGNAL)
MANY = tuple(make_event(n, b"/srv/data/%d.bin" % (n % 7), nofault=-14 * (n % 2)) for n in range(90))


class Scene(NamedTuple):
    """What is published, and what is pressed then."""

    snapshot: Snapshot
    keys: tuple[str, ...] = ()
    later: Snapshot | None = None


SCENES = {
    "empty": Scene(make_snapshot((), rows=(), total=Counters(), latency={})),
    "live": Scene(make_snapshot()),
    "both-modes": Scene(make_snapshot(modes=BOTH, info=DEMO)),
    "paused": Scene(
        make_snapshot(MANY), ("space", "up", "up"), make_snapshot(MANY[10:], 90 + 1_234)
    ),
    "filter": Scene(make_snapshot(MANY), ("slash", *"rescued delay>5u")),
    "groups": Scene(make_snapshot(MANY), ("g",)),
    "detail": Scene(make_snapshot(EVENTS[:2]), ("enter",)),
    "lost": Scene(
        make_snapshot(
            health=Health(dropped=1_234, skipped=56, backlog_bytes=8 << 20, cpu_percent=41.0),
            total=Counters(fired=37_200, scheduled=30_000, completed=29_000, no_slot=7_200, lost=3),
        )
    ),
    "refused": Scene(make_snapshot(plan=make_plan(trigger="syscall:read")), ("m",)),
    "broken": Scene(
        make_snapshot(
            invariants=(Invariant("a", False, "hash resume: scheduled 12,400 ≠ completed 9"),)
        )
    ),
    "rejected": Scene(
        make_snapshot(
            (), rows=(), total=Counters(), latency={}, targets=(), state=RunState.FAILED,
            error="the kernel rejected on_sample for hash: R0 invalid mem access 'map_value_or_null'",
            hint="see the log (-v), and report it with the output of twtui doctor",
            log=VERIFIER_LOG,
        )
    ),
    "failed": Scene(
        make_snapshot(
            state=RunState.FAILED,
            error="the kernel process ended unexpectedly (signal 9)",
            hint="nothing of it stays in the kernel; start again, and report the log if it comes back",
        )
    ),
}  # fmt: skip


async def play(stage: Stage, scene: Scene) -> None:
    """Press the keys, then publish what comes later."""
    for key in scene.keys:
        await stage.press({">": "greater_than_sign", " ": "space"}.get(key, key))
    if scene.later is not None:
        await stage.publish(scene.later)


async def fill_picker(stage: Stage) -> None:
    """The picker with processes, one of them selected, and a preset and a mode chosen."""
    await stage.app.workers.wait_for_complete()
    stage.processes = PROCESSES
    # twice, as the order is final with the second reading, the first that knows CPU shares
    stage.picker.table.take(PROCESSES)
    stage.picker.table.take(PROCESSES)
    await stage.press("space", "right", "right", "f2")


WELL = (
    "kernel", "architecture", "BTF", "task work kfuncs", "helpers", "free of known bugs", "BCC", "LLVM",
    "memlock", "perf_event_paranoid", "unprivileged_bpf_disabled", "kptr_restrict", "bpf_stats_enabled",
)  # fmt: skip
CHECKS = [
    *({"name": name, "answer": "yes", "detail": "", "fix": "", "required": True} for name in WELL),
    {"name": "compile", "answer": "unknown",
     "detail": "not tried without the privileges: BCC makes maps while it compiles",
     "fix": "run twtui doctor with sudo", "required": True},
    {"name": "privileges", "answer": "no", "detail": "this process may not load BPF programs",
     "fix": "run it with sudo, or with these capabilities: CAP_BPF, CAP_PERFMON", "required": True},
    {"name": "tracefs", "answer": "no", "detail": "tracefs is not mounted: no syscall and tracepoint "
     "triggers", "fix": "sudo mount -t tracefs tracefs /sys/kernel/tracing", "required": False},
    {"name": "hardware counters", "answer": "no", "detail": "this machine has none: samples go by the "
     "clock", "fix": "give a virtual machine a PMU, or stay with --trigger sample", "required": False},
]  # fmt: skip


def no_source(*_: object) -> NoReturn:
    raise AssertionError("not asked for")


def make_findings() -> Findings:
    """What the first screen says to a user without rights."""
    problem = PermissionDeniedError("uid 1000 may not load BPF programs", "run it with sudo")
    return Findings(CHECKS, problem, lambda: (CHECKS, problem), no_source, no_source)


Size = tuple[int, int]
Show = Callable[[Size], AbstractAsyncContextManager[Stage]]


def monitor(name: str) -> Show:
    """The monitor in a scene."""

    @asynccontextmanager
    async def show(size: Size) -> AsyncIterator[Stage]:
        async with on_stage(SCENES[name].snapshot, size=size) as stage:
            await play(stage, SCENES[name])
            yield stage

    return show


@asynccontextmanager
async def picker(size: Size) -> AsyncIterator[Stage]:
    """The picker."""
    async with on_stage(picker=True, size=size) as stage:
        await fill_picker(stage)
        yield stage


@asynccontextmanager
async def findings(size: Size) -> AsyncIterator[Stage]:
    """The first screen where something is missing."""
    async with on_stage(picker=True, size=size, findings=make_findings()) as stage:
        yield stage


PICTURES: dict[str, tuple[Show, Size]] = {
    "picker": (picker, (120, 20)),
    "values": (monitor("groups"), (120, 34)),
    "filter": (monitor("filter"), (120, 34)),
    "lost": (monitor("lost"), (120, 34)),
    "failed": (monitor("failed"), (120, 34)),
    "small": (monitor("live"), (80, 24)),
    "findings": (findings, (120, 24)),
}
"""The pictures in ``screenshots/`` that are of made-up data; the others are of a live run."""
