"""Whole screens against stored SVG files, in three sizes."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import pytest
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
from ui_svg import assert_as_stored

from twtui.errors import PermissionDeniedError
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.ledger import Counters, Invariant
from twtui.model.snapshot import Health, Snapshot
from twtui.ui.glyphs import ASCII
from twtui.ui.screens.findings import Findings

SIZES = [(80, 24), (120, 40), (200, 60)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
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


@by_size
@pytest.mark.parametrize("name", SCENES)
async def test_monitor(name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    async with on_stage(scene.snapshot, size=size) as stage:
        await play(stage, scene)
        assert_as_stored(stage.app, f"monitor-{name}-{size[0]}x{size[1]}")


async def test_by_map_kind() -> None:
    async with on_stage(make_snapshot(modes=BOTH)) as stage:
        await stage.press("l")
        assert_as_stored(stage.app, "monitor-by-kind-120x40")


async def test_ascii() -> None:
    async with on_stage(make_snapshot(modes=BOTH), glyphs=ASCII, size=(80, 24)) as stage:
        assert_as_stored(stage.app, "monitor-ascii-80x24")


async def test_light() -> None:
    async with on_stage(make_snapshot(modes=BOTH)) as stage:
        stage.app.theme = "twtui-light"
        await stage.pilot.pause()
        assert_as_stored(stage.app, "monitor-light-120x40")


async def test_help() -> None:
    async with on_stage(size=(80, 24)) as stage:
        await stage.press("?")
        assert_as_stored(stage.app, "help-80x24")


@by_size
async def test_picker(size: tuple[int, int]) -> None:
    async with on_stage(picker=True, size=size) as stage:
        await stage.app.workers.wait_for_complete()
        stage.processes = PROCESSES
        stage.picker.table.take(PROCESSES)
        stage.picker.table.take(PROCESSES)
        await stage.press("space", "right", "right", "f2")
        assert_as_stored(stage.app, f"picker-{size[0]}x{size[1]}")


CHECKS = [
    {"name": "kernel", "answer": "yes", "detail": "6.18.0", "fix": "", "required": True},
    {"name": "privileges", "answer": "no", "detail": "uid 1000 may not load BPF programs",
     "fix": "run it with sudo", "required": True},
    {"name": "tracefs", "answer": "unknown", "detail": "not mounted, or not readable",
     "fix": "mount -t tracefs tracefs /sys/kernel/tracing", "required": False},
]  # fmt: skip


@by_size
async def test_findings(size: tuple[int, int]) -> None:
    problem = PermissionDeniedError("uid 1000 may not load BPF programs", "run it with sudo")
    findings = Findings(CHECKS, problem, lambda: (CHECKS, problem), no_source, no_source)
    async with on_stage(picker=True, size=size, findings=findings) as stage:
        assert_as_stored(stage.app, f"findings-{size[0]}x{size[1]}")


def no_source(*_: object) -> NoReturn:
    raise AssertionError("not asked for")


def test_every_map_kind_is_in_the_scenes() -> None:
    assert {row.row[0] for row in SCENES["live"].snapshot.rows} == set(MapKind)
