"""Every size of terminal, and data that would like to harm it: aligned, escaped, never a traceback."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from ui_samples import make_event, make_plan, make_process, make_snapshot
from ui_stage import Stage, on_stage

from tests.corpus import CORPUS, as_name, as_text, harmful
from twtui.errors import TwtuiError, UsageError
from twtui.model.enums import Mode, RunState, TargetState
from twtui.model.plan import Target
from twtui.model.python_frames import PythonFrame, encode
from twtui.model.snapshot import BackendInfo, TargetView
from twtui.ui.glyphs import ASCII
from twtui.ui.screens.findings import Findings, Source

HOSTILE = list(CORPUS.values())
EVENTS = tuple(make_event(n, data, comm=as_name(data)) for n, data in enumerate(HOSTILE, 1))
ALL = b"\x1b[2J\x1b]0;owned\x07[bold]\xe2\x80\xae\xff\ne\xcc\x81"
"""Of everything a little."""


def check(stage: Stage, width: int) -> None:
    for row in stage.rows():
        assert cell_len(row) <= width
    assert not harmful("".join(stage.rows()))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_hostile_data_is_harmless_everywhere(size: tuple[int, int]) -> None:
    text = as_text(ALL)
    frames = encode([PythonFrame(text, text, 1)])
    stack = (0x1000).to_bytes(8, "little")
    snapshot = make_snapshot(
        (*EVENTS, make_event(90, stack, capture=1), make_event(91, frames, capture=2)),
        captures=("str(arg2)", "stack", "python"),
        triggers=(f"uprobe:/tmp/{text}:f", text, text),
        names={(4242, 0x1000): text},
        targets=(TargetView(4242, text, 5, TargetState.RUNNING),),
        info=BackendInfo("replay", text, text, text, text),
        notes=(text,),
        error=text,
        hint=text,
        state=RunState.FAILED,
    )
    async with on_stage(snapshot, size=size) as stage:
        check(stage, size[0])
        await stage.press("g")
        check(stage, size[0])
        await stage.press("g", "home")
        for _ in range(2):
            await stage.press("enter")
            check(stage, size[0])
            await stage.press("y", "escape", "end")
            assert not harmful(stage.app.clipboard)
            await stage.press("up")


async def test_every_entry_is_harmless_in_every_place_of_the_monitor() -> None:
    async with on_stage() as stage:
        for entry, data in CORPUS.items():
            text = as_text(data)
            plan = make_plan((Target(4242, 1, text),), trigger=f"uprobe:/{text}:f")
            snapshot = make_snapshot(
                (make_event(1, data, comm=as_name(data)),),
                plan=plan,
                targets=(TargetView(4242, text, 5, TargetState.RUNNING),),
                notes=(entry, text),
                error=text,
                hint=text,
                state=RunState.FAILED,
            )
            await stage.publish(snapshot)
            check(stage, 120)
            stage.monitor.tell(text, True)
            stage.app.notify(text, title=text)
            stage.captured.set_title(text)
            stage.monitor.action_copy()
            await stage.pilot.pause()
            check(stage, 120)
            assert not harmful(stage.app.clipboard), entry
            assert all(not harmful(toast) for toast in stage.toasts), entry
            stage.app.clear_notifications()


async def test_a_hostile_log_is_harmless() -> None:
    log = "\n".join(map(as_text, CORPUS.values()))
    snapshot = make_snapshot(state=RunState.FAILED, log=log)
    async with on_stage(snapshot) as stage:
        for _ in range(8):
            check(stage, 120)
            await stage.press("pagedown")
        await stage.press("y")
        assert not harmful(stage.app.clipboard)


async def test_what_a_view_has_forgotten_does_not_reach_the_terminal_either() -> None:
    async with on_stage() as stage:
        strip = stage.captured.roles.strip(((as_text(ALL), ""),), 80)
        assert not harmful(strip.text)
        assert strip.cell_length == 80


async def test_findings_of_another_machine_are_harmless() -> None:
    text = as_text(ALL)
    checks = [
        {"name": text, "answer": answer, "detail": text, "fix": text, "required": True}
        for answer in ("no", "yes", text)
    ]
    problem = TwtuiError(text, text)

    def refuse(_path: object) -> Source:
        raise UsageError(text, text)

    findings = Findings(checks, problem, lambda: (checks, problem), lambda: refuse(None), refuse)
    async with on_stage(picker=True, findings=findings) as stage:
        await stage.pilot.pause()
        check(stage, 120)
        await stage.press("enter")
        check(stage, 120)
        assert all(not harmful(toast) for toast in stage.toasts)


async def test_columns_stay_aligned_whatever_the_data() -> None:
    async with on_stage(make_snapshot(EVENTS), size=(120, 40)) as stage:
        rows = stage.captured.text.splitlines()[1 : len(EVENTS) + 1]
        assert len({cell_len(row[: row.index(" µs")]) for row in rows}) == 1


async def test_hostile_processes_in_the_picker() -> None:
    rows = [make_process(n + 10, f"p{n}", command=d.decode("utf-8", "surrogateescape"),
                         user=d[:9].decode("latin-1")) for n, d in enumerate(HOSTILE)]  # fmt: skip
    async with on_stage(picker=True) as stage:
        await stage.app.workers.wait_for_complete()
        stage.processes = rows
        stage.picker.table.take(rows)
        await stage.pilot.pause()
        check(stage, 120)
        stage.picker.filter.value = "\x1b[31m\u202e"
        await stage.pilot.pause()
        check(stage, 120)


async def test_ascii_shows_hostile_data_in_ascii_but_for_what_the_data_has() -> None:
    plain = tuple(event for event in EVENTS if event.data.isascii())
    async with on_stage(make_snapshot(plain), glyphs=ASCII) as stage:
        for keys in (("enter",), ("escape", "g"), ("slash",)):
            await stage.press(*keys)
            assert [row for row in stage.rows() if not row.isascii()] == []


async def test_a_terminal_that_shrinks_and_grows_again_comes_back_right() -> None:
    snapshot = make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))
    async with on_stage(snapshot, size=(200, 60)) as stage:
        before = stage.rows()
        for size in ((20, 5), (1, 1), (60, 15), (20, 5), (200, 60)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            assert len(stage.rows()) == size[1]
        assert stage.rows() == before


@pytest.mark.parametrize("keys", [("g",), ("slash", "x"), ("enter",), ("?",), ("z",), ("e",)])
async def test_resizing_in_every_view(keys: tuple[str, ...]) -> None:
    async with on_stage(size=(200, 60)) as stage:
        await stage.press(*keys)
        before = stage.rows()
        for size in ((20, 5), (200, 60)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        await stage.pilot.pause()
        assert stage.rows() == before


async def test_nothing_that_a_person_needs_is_cut_at_80x24() -> None:
    snapshot = make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))
    async with on_stage(snapshot, size=(80, 24)) as stage:
        text = stage.text
        for word in ("redis-server 4242", "SIGNAL", "● live", "✓ scheduled", "p99", "max", "rescued",
                     "in the callback", "Captured", "dropped 0", "m mode", "/ filter", "? help", "q quit"):  # fmt: skip
            assert word in text, word
        assert len([row for row in stage.rows() if row.lstrip().startswith("12:01:03")]) >= 2
