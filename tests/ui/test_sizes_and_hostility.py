"""Every size of terminal, and data that would like to harm it: aligned, escaped, never a traceback."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from ui_samples import make_event, make_process, make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.enums import Mode, RunState, TargetState
from twtui.model.snapshot import TargetView
from twtui.ui.glyphs import ASCII

HOSTILE = [
    b"\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b[?1049l\x9b31m",
    b"[bold red]markup[/] [link=x]",
    "left\u202eright\u2066iso\u200bzero\ufeffbom".encode(),
    b"nul\0nul\0",
    b"\xff\xfe\xc0\xaf\xed\xa0\x80 not utf-8",
    b"x" * 4_000,
    ("wide 日本語 " * 300).encode(),
    ("e\u0301\u0308 combining " * 200).encode(),
    "👩‍👩‍👧‍👦🇩🇪 emoji".encode(),
    b"a\nb\rc\td\x08e\x7f",
]
EVENTS = tuple(make_event(n, data, comm=data[:15]) for n, data in enumerate(HOSTILE, 1))


def check(stage: Stage, width: int) -> None:
    for row in stage.rows():
        assert cell_len(row) <= width
        for character in row:
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Mn", "Me")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_hostile_data_is_harmless_everywhere(size: tuple[int, int]) -> None:
    snapshot = make_snapshot(
        EVENTS,
        captures=("str(arg2)\x1b[31m",),
        triggers=("uprobe:/tmp/\x1b[2J:f",),
        targets=(TargetView(4242, "\x1b[31m[bold]\u202eevil", 5, TargetState.RUNNING),),
        notes=("\x1b[31mnote [bold]",),
        error="\x1b[31merror",
        state=RunState.FAILED,
    )
    async with on_stage(snapshot, size=size) as stage:
        check(stage, size[0])
        await stage.press("g")
        check(stage, size[0])
        await stage.press("g", "home")
        for _ in HOSTILE:
            await stage.press("enter")
            check(stage, size[0])
            await stage.press("y", "escape", "down")
            assert stage.app.clipboard.isprintable()


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
