"""The monitor: what it shows at every size, in every state of a run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from ui_samples import (
    DEMO,
    EVENTS,
    HISTORY,
    TARGET,
    make_event,
    make_row,
    make_snapshot,
)
from ui_stage import on_stage, started

from twtui.backend.base import Backend
from twtui.errors import UnsupportedError
from twtui.model.enums import MapKind, Mode, RunState, TargetState
from twtui.model.ledger import Counters, Invariant
from twtui.model.plan import Plan
from twtui.model.snapshot import LedgerRow, Rates, TargetView
from twtui.ui.screens.dialog import LinesDialog


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_pane_is_visible_at_every_size(size: tuple[int, int]) -> None:
    async with on_stage(size=size) as stage:
        text = stage.text
        assert "redis-server 4242, 5 threads" in text
        assert "RESUME" in text
        assert "sample 99 Hz" in text
        assert "live 00:01:23" in text
        assert "✓ scheduled 37,200 = completed 37,188 + pending 0 + cancelled 9 + lost 3" in text
        assert "p99" in text
        assert "in the callback" in text
        assert "Captured · 7 events · following" in text
        assert '"/etc/hosts"' in text
        assert "dropped 0" in text
        assert "q quit" in text
        assert len(stage.rows()) == size[1]
        assert all(len(row) <= size[0] for row in stage.rows())


async def test_narrow_columns_keep_the_main_sum_in_view() -> None:
    async with on_stage(size=(80, 24)) as stage:
        header = next(row for row in stage.rows() if "scheduled" in row)
        for word in (
            "map",
            "mode",
            "scheduled",
            "completed",
            "pending",
            "cancelled",
            "lost",
            "failed",
        ):
            assert word in header


async def test_a_broken_sum_is_told_in_words() -> None:
    broken = Invariant("scheduled = completed", False, "hash resume: scheduled 5 ≠ completed 3")
    async with on_stage(make_snapshot(invariants=(broken,))) as stage:
        assert "✗ hash resume: scheduled 5 ≠ completed 3" in stage.text
        assert "✓" not in stage.text


async def test_a_sum_that_moved_during_the_reading_is_not_called_exact() -> None:
    total = Counters(scheduled=10, completed=7, pending=1)
    async with on_stage(make_snapshot(total=total)) as stage:
        assert "✓ scheduled 10 ≈ completed 7" in stage.text
        assert "2 moved during the reading" in stage.text


async def test_each_note_is_told_once_even_when_old_ones_fall_out() -> None:
    async with on_stage() as stage:
        await stage.publish(make_snapshot(notes=("a", "b")))
        await stage.publish(make_snapshot(notes=("b", "c")))
        await stage.publish(make_snapshot(notes=("b", "c")))
        assert stage.toasts == ["a", "b", "c"]


async def test_pause_holds_the_view_and_counts_what_comes() -> None:
    async with on_stage() as stage:
        await stage.press("space")
        assert "PAUSED +0 new" in stage.text
        later = make_event(8, b"came-while-paused")
        await stage.publish(make_snapshot((*EVENTS, later), elapsed_ns=90_000_000_000))
        assert "PAUSED +1 new  00:01:30" in stage.text
        assert "came-while-paused" not in stage.text
        await stage.press("up", "enter")
        assert isinstance(stage.app.screen, LinesDialog)
        await stage.press("escape", "space")
        assert "PAUSED" not in stage.text
        await stage.press("f")
        assert "came-while-paused" in stage.text


async def test_a_failure_is_shown_even_while_paused_and_keeps_the_ledger() -> None:
    async with on_stage() as stage:
        await stage.press("space")
        failed = make_snapshot(
            state=RunState.FAILED, error="the kernel process ended", hint="see the log"
        )
        await stage.publish(failed)
        assert "✗ FAILED" in stage.text
        assert "✗ the kernel process ended" in stage.text
        assert "see the log" in stage.text
        assert "completed 37,188" in stage.text
        assert "● live" not in stage.text


async def test_a_backend_that_cannot_be_made_fails_on_the_screen() -> None:
    def refuse(_plan: Plan) -> Backend:
        raise UnsupportedError("BCC cannot be imported", "install python3-bpfcc")

    async with on_stage(make_backend=refuse) as stage:
        await started(stage)
        assert "✗ FAILED" in stage.text
        assert "✗ BCC cannot be imported" in stage.text
        assert "install python3-bpfcc" in stage.text


async def test_data_that_is_not_live_is_marked() -> None:
    async with on_stage(make_snapshot(info=DEMO)) as stage:
        assert "DEMO (simulated): BCC is not installed" in stage.text
    async with on_stage() as stage:
        assert "DEMO" not in stage.text


async def test_pending_that_never_completes_says_what_to_do() -> None:
    stuck = Counters(fired=5, scheduled=5, pending=5)
    row = LedgerRow((MapKind.HASH, Mode.RESUME), stuck, Rates(), (Rates(),) * 2)
    async with on_stage(make_snapshot(rows=(row,)), size=(80, 24)) as stage:
        assert "5 pending: target sleeps in the kernel; m = signal mode, or wait" in stage.text
        moving = replace(row, history=HISTORY)
        await stage.publish(make_snapshot(rows=(moving,)))
        assert "sleeps in the kernel" not in stage.text


async def test_targets_that_ended_are_told() -> None:
    gone = TargetView(4242, "redis-server", 0, TargetState.EXITED)
    async with on_stage(make_snapshot(targets=(gone,))) as stage:
        assert "redis-server 4242 exited" in stage.text
        other = TargetView(9, "nginx", 2, TargetState.RUNNING)
        await stage.publish(make_snapshot(targets=(gone, other)))
        assert "nginx 9 and 1 more, 2 threads, 1 exited" in stage.text


async def test_both_modes_are_side_by_side_after_a_switch() -> None:
    async with on_stage(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))) as stage:
        rows = [row for row in stage.rows() if "12,402" in row]
        assert [row.split()[1:3] for row in rows] == [
            [str(kind), str(mode)] for kind in MapKind for mode in Mode
        ]
        assert "█ resume" in stage.text
        assert "▒ signal" in stage.text
        assert "share of each mode" in stage.text


async def test_hidden_panes_do_no_work() -> None:
    async with on_stage() as stage:
        await stage.press("z")
        before = stage.monitor.callbacks._lines
        await stage.publish(make_snapshot(rows=(make_row(MapKind.HASH, Mode.RESUME),)))
        assert stage.monitor.callbacks._lines is before


async def test_a_run_is_only_for_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as stage:
        assert stage.engine.plan.targets == (TARGET,)
        assert stage.app.last_snapshot is stage.monitor.run.snapshot


@pytest.mark.parametrize("size", [(1, 1), (20, 6), (40, 12), (80, 10), (300, 100)])
async def test_any_size_of_terminal_is_drawn(size: tuple[int, int]) -> None:
    async with on_stage(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL)), size=size) as stage:
        await stage.press("space", "up", "z", "z", "?")
        assert len(stage.rows()) == size[1]


async def test_a_resize_is_followed_by_every_pane() -> None:
    async with on_stage(size=(200, 60)) as stage:
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        small = stage.rows()
    async with on_stage(size=(80, 24)) as stage:
        assert small == stage.rows()


async def test_nothing_below_the_heading_moves_while_paused() -> None:
    async with on_stage() as stage:
        before = stage.rows()[2:]
        await stage.press("space")
        busy = make_snapshot((*EVENTS, make_event(8)), 10**9, elapsed_ns=10**15)
        await stage.publish(busy)
        after = stage.rows()[2:]
        assert "PAUSED +999,999,993 new" in stage.text
        assert after == before


async def test_without_colors_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))) as stage:
        # within the frame that the picture draws around the terminal
        colors = re.findall(r"(?:fill|color): ?\"?#([0-9a-f]{6})", stage.app.export_screenshot())
        inside = [c for c in colors if c not in ("ff5f57", "febc2e", "28c840", "c5c8c6")]
        assert inside
        assert {c for c in inside if len({c[:2], c[2:4], c[4:]}) > 1} == set()
