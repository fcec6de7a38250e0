"""The monitor: what it shows, and what every key does."""

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
    make_plan,
    make_row,
    make_snapshot,
)
from ui_stage import on_stage, started

from twtui.backend.base import Backend
from twtui.errors import UnsupportedError
from twtui.model.disturbance import Reach, warning
from twtui.model.enums import MapKind, Mode, RunState, TargetState
from twtui.model.ledger import Counters, Invariant
from twtui.model.plan import Plan, Probe, SetMapKinds, SetMode
from twtui.model.snapshot import LedgerRow, Rates, TargetView
from twtui.ui.glyphs import ASCII
from twtui.ui.screens.dialog import LinesDialog
from twtui.ui.screens.picker import PickerScreen


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


async def test_mode_key_submits_warns_once_and_shows_the_wish_until_it_holds() -> None:
    async with on_stage() as stage:
        await stage.press("m")
        assert stage.engine.commands == [SetMode(Mode.SIGNAL)]
        assert "RESUME ▸ SIGNAL" in stage.text
        assert stage.toasts == [warning(Reach.FALLING_ASLEEP)]
        await stage.publish(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL)))
        assert "RESUME ▸ SIGNAL" not in stage.text
        assert "SIGNAL" in stage.text
        await stage.press("m", "m")
        assert stage.engine.commands[1:] == [SetMode(Mode.RESUME), SetMode(Mode.SIGNAL)]
        assert stage.toasts == [warning(Reach.FALLING_ASLEEP)]


@pytest.mark.parametrize(
    ("trigger", "reach"),
    [
        ("probe", Reach.ASLEEP),
        ("sample", Reach.FALLING_ASLEEP),
        ("syscall:read:exit", Reach.AWAKE),
        ("uprobe:libc:malloc", Reach.AWAKE),
    ],
)
async def test_the_warning_is_about_the_trigger_of_the_run(trigger: str, reach: Reach) -> None:
    async with on_stage(make_snapshot(plan=make_plan(trigger=trigger))) as stage:
        await stage.press("m")
        assert stage.toasts == [warning(reach)]
        assert ("epoll_wait" in stage.toasts[0]) == (reach is not Reach.AWAKE)


async def test_a_run_that_begins_in_signal_mode_warns_as_well_but_a_recording_of_one_does_not() -> (
    None
):
    plan = replace(make_plan(trigger="probe"), mode=Mode.SIGNAL)
    live = make_snapshot(plan=plan, modes=(Mode.SIGNAL,))
    async with on_stage(live) as stage:
        await stage.publish(live)
        assert stage.toasts == [warning(Reach.ASLEEP)]
    recorded = replace(live, info=replace(live.info, name="replay"))
    async with on_stage(recorded) as stage:
        await stage.publish(recorded)
        assert stage.toasts == []


async def test_a_probe_in_signal_mode_warns_of_what_a_sample_spares() -> None:
    async with on_stage() as stage:
        await stage.press("c")
        assert len(stage.toasts) == 1
        await stage.press("m", "c", "c")
        assert stage.toasts.count(warning(Reach.ASLEEP)) == 1


async def test_mode_key_explains_where_signal_mode_is_refused() -> None:
    plan = make_plan(trigger="syscall:read")
    async with on_stage(make_snapshot(plan=plan)) as stage:
        await stage.press("m")
        assert stage.engine.commands == []
        assert "signal mode is refused for syscall:read" in stage.toasts[0]


async def test_a_refused_wish_is_forgotten() -> None:
    async with on_stage() as stage:
        await stage.press("m")
        await stage.publish(make_snapshot(notes=("not possible here",)))
        assert "▸ SIGNAL" not in stage.text
        assert "not possible here" in stage.toasts


async def test_each_note_is_told_once_even_when_old_ones_fall_out() -> None:
    async with on_stage() as stage:
        await stage.publish(make_snapshot(notes=("a", "b")))
        await stage.publish(make_snapshot(notes=("b", "c")))
        await stage.publish(make_snapshot(notes=("b", "c")))
        assert stage.toasts == ["a", "b", "c"]


async def test_map_keys_toggle_one_kind_and_0_turns_all_on() -> None:
    async with on_stage() as stage:
        await stage.press("2")
        without_array = (MapKind.HASH, MapKind.LRU_HASH)
        assert stage.engine.commands == [SetMapKinds(without_array)]
        assert "hash (array) lru_hash" in stage.text
        await stage.publish(make_snapshot(plan=make_plan(map_kinds=without_array)))
        await stage.press("1")
        assert stage.engine.commands[-1] == SetMapKinds((MapKind.LRU_HASH,))
        await stage.press("3")
        assert len(stage.engine.commands) == 2
        assert "lru_hash is the only map kind left" in stage.toasts[-1]
        await stage.press("0")
        assert stage.engine.commands[-1] == SetMapKinds(tuple(MapKind))
        assert "hash array lru_hash" in stage.text


async def test_probe_key_submits_a_probe() -> None:
    async with on_stage() as stage:
        await stage.press("c")
        assert stage.engine.commands == [Probe()]


@pytest.mark.parametrize("state", [RunState.STARTING, RunState.ENDED, RunState.FAILED])
async def test_no_command_is_sent_to_a_run_that_would_not_take_it(state: RunState) -> None:
    async with on_stage(make_snapshot(state=state)) as stage:
        await stage.press("m", "1", "c")
        assert stage.engine.commands == []
        assert all("Nothing changed" in toast for toast in stage.toasts)
        assert len(stage.toasts) == 3


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
    idle = ((0.0, 0.0), (0.0, 0.0))
    row = LedgerRow((MapKind.HASH, Mode.RESUME), stuck, Rates(), idle)
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


async def test_zoom_gives_the_focused_pane_the_screen_and_back() -> None:
    async with on_stage() as stage:
        await stage.press("z")
        assert "Callbacks" not in stage.text
        assert "Latency" not in stage.text
        assert "Captured" in stage.text
        await stage.press("z")
        assert "Callbacks" in stage.text
        stage.monitor.latency.focus()
        await stage.press("z")
        assert "Reads" not in stage.text
        assert stage.monitor.latency.size.height > 30
        assert "p99" in stage.text


async def test_tab_goes_round_the_panes() -> None:
    async with on_stage() as stage:
        seen = []
        for _ in range(4):
            await stage.press("tab")
            assert stage.monitor.focused is not None
            seen.append(stage.monitor.focused.id)
        assert seen == ["callbacks", "latency", "reads", "captured"]


async def test_help_shows_every_key_and_closes() -> None:
    async with on_stage(size=(120, 60)) as stage:
        await stage.press("?")
        assert isinstance(stage.app.screen, LinesDialog)
        assert "Switch between resume and signal mode" in stage.text
        assert "Keys, picker" in stage.text
        await stage.press("end")
        assert "the sum adds up" in stage.text
        await stage.press("escape")
        assert not isinstance(stage.app.screen, LinesDialog)


async def test_detail_shows_the_event_under_the_cursor() -> None:
    async with on_stage() as stage:
        stage.captured.move_to(1)
        await stage.press("enter")
        text = stage.text
        assert "Event 2" in text
        assert "io_thd_1  4244 of process 4242" in text
        assert "rescued: not resident at the trigger, read later" in text
        assert "EFAULT" in text
        assert "2f 76 61 72 2f 6c 69 62  2f 72 65 64 69 73 2f 64" in text
        assert "/var/lib/redis/d" in text
        await stage.press("right")
        assert "Event 3" in stage.text
        assert r"\x1b[31mnot red" in stage.text
        await stage.press("left", "left")
        assert "Event 1" in stage.text


async def test_an_open_detail_stays_while_events_come() -> None:
    async with on_stage() as stage:
        await stage.press("enter")
        assert "Event 7" in stage.text
        await stage.publish(make_snapshot((*EVENTS, make_event(8))))
        assert "Event 7" in stage.text
        await stage.press("escape")
        assert stage.captured.following
        await stage.press("enter", "left", "escape")
        assert not stage.captured.following


async def test_p_ends_the_run_and_goes_to_the_picker() -> None:
    async with on_stage() as stage:
        await stage.press("p")
        await stage.app.workers.wait_for_complete()
        assert isinstance(stage.app.screen, PickerScreen)
        assert stage.engine.stops >= 1


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_never_asks_and_ends_the_run(key: str) -> None:
    async with on_stage() as stage:
        await stage.pilot.press(key)
        await stage.pilot.pause()
    assert not stage.app.is_running
    assert stage.engine.stops >= 1


async def test_q_leaves_from_a_dialog_too() -> None:
    async with on_stage() as stage:
        await stage.press("?")
        await stage.pilot.press("q")
        await stage.pilot.pause()
    assert stage.engine.stops >= 1


async def test_the_palette_offers_the_actions_of_the_table() -> None:
    async with on_stage() as stage:
        titles = [command.title for command in stage.app.get_system_commands(stage.monitor)]
        assert "Switch between resume and signal mode (m)" in titles
        assert "Theme" in titles
        command = next(c for c in stage.app.get_system_commands(stage.monitor) if "(m)" in c.title)
        await command.callback()
        assert stage.engine.commands == [SetMode(Mode.SIGNAL)]


async def test_ascii_glyphs_leave_nothing_of_ours_outside_ascii() -> None:
    snapshot = make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))
    async with on_stage(snapshot, glyphs=ASCII) as stage:
        assert [row for row in stage.rows() if not row.isascii()] == []


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


async def test_a_click_on_a_hint_does_what_its_key_does() -> None:
    async with on_stage() as stage:
        row = len(stage.rows()) - 1
        await stage.pilot.click(offset=(stage.rows()[row].index("c probe"), row))
        assert stage.engine.commands == [Probe()]


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


async def test_a_second_click_on_a_row_opens_it() -> None:
    async with on_stage() as stage:
        await stage.pilot.click("#captured", offset=(10, 3), times=2)
        await stage.pilot.pause()
        assert "Event 2" in stage.text


async def test_without_colors_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_stage(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))) as stage:
        # within the frame that the picture draws around the terminal
        colors = re.findall(r"(?:fill|color): ?\"?#([0-9a-f]{6})", stage.app.export_screenshot())
        inside = [c for c in colors if c not in ("ff5f57", "febc2e", "28c840", "c5c8c6")]
        assert inside
        assert {c for c in inside if len({c[:2], c[2:4], c[4:]}) > 1} == set()
