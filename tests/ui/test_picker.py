"""The picker: filter, selection, order, refusals, and the start of a run."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from ui_samples import PROCESSES, make_plan, make_process, make_snapshot
from ui_stage import Stage, on_stage

from twtui.errors import NoSuchTargetError
from twtui.model.plan import Target
from twtui.processes import ProcessRow, list_processes
from twtui.ui.screens import picker as picker_module
from twtui.ui.screens.monitor import MonitorScreen


@pytest.fixture(autouse=True)
def _processes_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(pid: int) -> Target:
        return Target(pid, pid * 10, "found")

    monkeypatch.setattr(picker_module, "find_target", find)


async def fill(stage: Stage, rows: list[ProcessRow]) -> None:
    """Make these the processes of the machine, and read them now."""
    await stage.app.workers.wait_for_complete()
    stage.processes = rows
    # twice, as the order is final with the second reading, the first that knows CPU shares
    stage.picker.table.take(rows)
    stage.picker.table.take(rows)
    await stage.pilot.pause()


def pids(stage: Stage) -> list[int]:
    rows = stage.picker.table.text.splitlines()[1:]
    return [int(row.lstrip("✓ ").split()[0]) for row in rows if row.strip()]


async def test_sorted_by_cpu_and_refused_rows_last() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        assert pids(stage) == [20, 30, 10, 50, 40]
        assert "sorted by cpu" in stage.text
        assert "Enter watches redis-server 20" in stage.text


async def test_typing_filters_at_once_and_escape_clears() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("n", "g")
        assert pids(stage) == [10]
        assert "filter ▸ ng_" in stage.text
        assert "1 of 5" in stage.text
        await stage.press("backspace", "backspace")
        assert len(pids(stage)) == 5
        await stage.press("r", "d", "s")
        assert pids(stage) == [20]
        await stage.press("escape")
        assert len(pids(stage)) == 5


async def test_q_is_a_letter_once_a_filter_is_being_typed() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("e", "q")
        assert stage.picker.filter.value == "eq"
        await stage.press("escape")
        await stage.pilot.press("q")
        await stage.pilot.pause()
    assert not stage.app.is_running


async def test_a_slash_starts_a_regular_expression() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        stage.picker.filter.value = "/^[0-9]+ redis /"
        await stage.pilot.pause()
        assert pids(stage) == [20]
        stage.picker.filter.value = "/(["
        await stage.pilot.pause()
        assert pids(stage) == []
        assert "no process matches" in stage.text


async def test_rows_do_not_move_while_numbers_change() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("down")
        newest = [replace(row, cpu_percent=99.0 if row.pid == 50 else 0.1) for row in PROCESSES]
        await fill(stage, [*newest, make_process(60, "new", 80.0)])
        assert pids(stage) == [20, 30, 10, 50, 40, 60]
        assert "99.0" in stage.text
        assert stage.picker.table.current == newest[2]
        await stage.press("tab")
        assert pids(stage) == [10, 20, 30, 50, 60, 40]
        assert "sorted by pid" in stage.text


async def test_a_process_that_ended_stays_in_place_and_is_refused() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await fill(stage, [row for row in PROCESSES if row.pid != 20])
        assert pids(stage)[0] == 20
        assert "redis-server 20 has ended" in stage.text
        await stage.press("enter")
        assert "it has ended" in stage.toasts[0]
        assert stage.engines == []


async def test_a_reused_pid_is_another_process() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("space")
        reused = make_process(20, "intruder", start_ticks=999_999)
        await fill(stage, [reused, *(row for row in PROCESSES if row.pid != 20)])
        assert stage.picker.table.selected == ()
        assert pids(stage).count(20) == 2


async def test_refused_rows_say_why_and_do_not_start() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("end")
        assert "cannot be watched: kernel threads accept task work and never run it" in stage.text
        await stage.press("enter", "space")
        assert stage.engines == []
        assert len(stage.toasts) == 2
        assert "kernel threads" in stage.toasts[0]


async def test_what_the_run_before_watched_is_selected_if_it_still_is_the_same_process() -> None:
    ended, watched = Target(30, 1, "postgres"), Target(20, 200, "redis-server")
    async with on_stage(make_snapshot(), plan=make_plan((ended, watched))) as stage:
        await stage.press("p")
        await fill(stage, PROCESSES)
        assert pids(stage) == [20, 30, 10, 50, 40]
        assert "Enter watches 1 selected: redis-server 20" in stage.text
        await stage.press("escape")
        await fill(stage, PROCESSES)
        assert stage.picker.table.selected == ()


async def test_enter_watches_the_process_under_the_cursor() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("down", "enter")
        assert isinstance(stage.app.screen, MonitorScreen)
        run = stage.app.run_now
        assert run is not None
        assert run.plan.targets == (Target(30, 300, "postgres"),)


async def test_space_selects_several_and_keeps_them_through_a_filter() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("space", "space")
        assert stage.text.count("✓") == 2
        await stage.press("q")
        await stage.pilot.pause()
    assert not stage.app.is_running


async def test_the_selection_is_what_enter_watches() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("space", "space", "n", "g")
        assert "Enter watches 2 selected: redis-server 20, postgres 30" in stage.text
        await stage.press("enter")
        run = stage.app.run_now
        assert run is not None
        assert [target.pid for target in run.plan.targets] == [20, 30]


async def test_escape_clears_the_filter_first_then_the_selection() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("space", "n", "escape")
        assert [row.pid for row in stage.picker.table.selected] == [20]
        await stage.press("escape")
        assert not stage.picker.table.selected


async def test_a_process_that_changed_meanwhile_is_not_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        monkeypatch.setattr(picker_module, "find_target", lambda pid: Target(pid, 1, "other"))
        await stage.press("enter")
        assert "another process now" in stage.toasts[-1]

        def dead(pid: int) -> Target:
            raise NoSuchTargetError(f"no process has PID {pid}", "")

        monkeypatch.setattr(picker_module, "find_target", dead)
        await stage.press("enter")
        assert stage.toasts[-1] == "no process has PID 20"
        assert stage.engines == []


async def test_hostile_names_are_escaped() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, [make_process(7, "\x1b[31m[red]evil", command="a\nb\u202ec")])
        assert "\x1b" not in stage.text
        assert r"\x1b[31m[red]ev" in stage.text
        assert r"a\nb\u202ec" in stage.text


async def test_help_from_the_picker_and_back() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.press("?")
        assert "Keys, picker" in stage.text
        await stage.press("escape")
        assert stage.app.screen is stage.picker


async def test_the_table_of_this_machine_shows_and_refuses_this_process() -> None:
    async with on_stage(picker=True, list_processes=list_processes) as stage:
        await stage.app.workers.wait_for_complete()
        await stage.pilot.pause()
        stage.picker.filter.value = f"/^{os.getpid()} /"
        await stage.pilot.pause()
        assert pids(stage) == [os.getpid()]
        assert "this is twtui itself" in stage.text


async def test_a_second_click_on_a_process_watches_it() -> None:
    async with on_stage(picker=True) as stage:
        await fill(stage, PROCESSES)
        await stage.pilot.click("#processes", offset=(10, 0), times=2)
        assert stage.engines == []
        await stage.pilot.click("#processes", offset=(10, 3), times=2)
        await stage.pilot.pause()
        assert isinstance(stage.app.screen, MonitorScreen)
        assert stage.app.run_now is not None
        assert stage.app.run_now.plan.targets == (Target(30, 300, "postgres"),)
