"""The log of a failure on the screen: opens by itself, scrolls, folds, is harmless, can be copied."""

from __future__ import annotations

import pytest
from ui_samples import VERIFIER_LOG, make_plan, make_snapshot
from ui_stage import on_stage, started

from twtui.backend.base import Backend
from twtui.errors import CompileError, PermissionDeniedError
from twtui.model.enums import RunState
from twtui.model.plan import Plan
from twtui.model.snapshot import Snapshot
from twtui.ui.glyphs import UNICODE
from twtui.ui.lines import line_width, plain
from twtui.ui.views.log import MOST_LINES, log_lines, log_text

HOSTILE = "\x1b[2Jerror: \u202egnp\tC:\\path\r\n\x00second\xad"


def failed(log: str = VERIFIER_LOG) -> Snapshot:
    return make_snapshot(state=RunState.FAILED, error="it was rejected", hint="report it", log=log)


async def test_a_failure_opens_its_log_at_the_end_under_what_happened_and_what_to_do() -> None:
    async with on_stage(size=(80, 24)) as stage:
        assert "Log" not in stage.text
        await stage.publish(failed())
        rows = stage.rows()
        order = [
            next(number for number, row in enumerate(rows) if words in row)
            for words in ("✗ it was rejected", "report it", "Log · 15 lines", "processed 9 insns")
        ]
        assert order == sorted(order)
        assert "Captured" not in stage.text
        await stage.press("home")
        assert "R1=ctx()" in stage.text


async def test_v_goes_to_the_last_numbers_and_back() -> None:
    async with on_stage(failed()) as stage:
        assert "v log/numbers" in stage.text
        await stage.press("v")
        assert "✓ scheduled 37,200" in stage.text
        assert "R0 invalid mem access" not in stage.text
        assert stage.captured.has_focus
        await stage.press("v")
        assert "R0 invalid mem access" in stage.text


async def test_y_copies_the_whole_log_and_an_event_once_the_numbers_are_back() -> None:
    async with on_stage(failed()) as stage:
        await stage.press("y")
        assert stage.app.clipboard == VERIFIER_LOG.rstrip().replace("\t", " ")
        assert "Copied the log" in stage.toasts[0]
        await stage.press("v", "y")
        assert stage.app.clipboard == "/etc/hosts"


async def test_nothing_is_done_to_panes_that_the_log_hides() -> None:
    async with on_stage(failed()) as stage:
        assert "filter" not in stage.rows()[-1]
        await stage.press("slash", "enter", "x", "v")
        assert stage.toasts == []
        assert not stage.monitor.area.bar.display
        assert "Captured · 7 events" in stage.text


async def test_without_a_log_there_is_no_key_for_it() -> None:
    async with on_stage(failed("")) as stage:
        assert "log/numbers" not in stage.text
        assert "the numbers below are the last ones" in stage.text
        await stage.press("v")
        assert "There is no log" in stage.toasts[0]
        assert "✓ scheduled 37,200" in stage.text


async def test_keys_that_need_a_run_are_not_offered_any_more() -> None:
    async with on_stage(failed("")) as stage:
        assert all(hint not in stage.rows()[-1] for hint in ("mode", "probe", "pause", "record"))


async def test_a_zoomed_pane_makes_room_and_the_log_cannot_be_zoomed_away() -> None:
    async with on_stage() as stage:
        await stage.press("z")
        await stage.publish(failed())
        assert "processed 9 insns" in stage.text
        await stage.press("z")
        assert "processed 9 insns" in stage.text
        await stage.press("v")
        assert "Callbacks" in stage.text


async def test_the_log_is_folded_anew_at_another_size() -> None:
    async with on_stage(failed("word " * 200), size=(200, 60)) as stage:
        before = stage.monitor.log_pane.count
        await stage.pilot.resize_terminal(60, 20)
        await stage.pilot.pause()
        assert stage.monitor.log_pane.count > 2 * before
        assert all(len(row) <= 60 for row in stage.rows())


@pytest.mark.parametrize("error", [CompileError, PermissionDeniedError])
async def test_a_run_that_cannot_begin_fails_with_its_kind_and_its_log(
    error: type[CompileError | PermissionDeniedError],
) -> None:
    def refuse(_: Plan) -> Backend:
        raise error("no", "do something", VERIFIER_LOG)

    async with on_stage(plan=make_plan(), make_backend=refuse) as stage:
        await started(stage)
        assert "✗ no" in stage.text
        assert "do something" in stage.text
        assert "processed 9 insns" in stage.text
        assert isinstance(stage.app.failure, error)


async def test_what_nobody_expected_leaves_its_trace_in_the_log() -> None:
    def stumble(_: Plan) -> Backend:
        raise ZeroDivisionError("by zero")

    async with on_stage(plan=make_plan(), make_backend=stumble) as stage:
        await started(stage)
        assert "✗ internal error: ZeroDivisionError: by zero" in stage.text
        assert "in stumble" in stage.text


def test_a_hostile_log_is_written_out() -> None:
    text = log_text(HOSTILE)
    assert text.splitlines() == ["\\x1b[2Jerror: \\u202egnp C:\\path", "\\0second\\xad"]
    for line in log_lines(HOSTILE, 10, UNICODE):
        assert line_width(line) <= 10
        assert plain(line).isprintable()


def test_of_a_very_long_log_the_end_is_shown_and_the_rest_counted() -> None:
    lines = log_lines("step\n" * (MOST_LINES + 1_500) + "R0 invalid", 80, UNICODE, "Y")
    assert len(lines) == MOST_LINES + 1
    assert "1,501 lines before these" in plain(lines[0])
    assert plain(lines[-1]) == "R0 invalid"
