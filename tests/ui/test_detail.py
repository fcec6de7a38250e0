"""One event in detail: its times as a drawing, its frames, its bytes; and the states of targets."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from ui_samples import DIRECT, EVENTS, make_event, make_row, make_snapshot
from ui_stage import on_stage

from twtui.model.arrivals import UNKNOWN_NS, Arrivals
from twtui.model.enums import EventFlag, MapKind, Mode, RunState, StackEnd, TargetState
from twtui.model.ledger import Counters
from twtui.model.python_frames import PythonFrame, encode
from twtui.model.snapshot import Health, LedgerRow, Rates, Snapshot, TargetView
from twtui.ui.glyphs import UNICODE
from twtui.ui.lines import line_width, plain
from twtui.ui.views.captured import Sources
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.timeline import timeline_lines

SOURCES = Sources(("str(arg2)",), ("sample",), 0)


@pytest.mark.parametrize("width", [64, 90, 108, 200])
def test_the_drawing_has_its_points_above_each_other(width: int) -> None:
    event = make_event(1)
    drawn = [
        plain(line)
        for line in timeline_lines(event, SOURCES, event.ran_ns + 84_000_000, width, UNICODE)
    ]
    names, line, clocks, places = drawn
    assert max(map(len, drawn)) <= width
    for name, place in (
        ("trigger", "CPU 0"),
        ("callback", "CPU 1"),
        ("delivered", "from the ring"),
    ):
        at = names.index(name)
        assert line[at] == "●"
        assert places.index(place) == at
        assert clocks[at].isdigit()
    assert " 12 µs " in line
    assert " 84 ms " in line


def test_what_was_not_deferred_has_no_callback() -> None:
    drawn = [plain(line) for line in timeline_lines(DIRECT, SOURCES, None, 100, UNICODE)]
    assert "callback" not in drawn[0]
    assert drawn[1].strip() == "●"
    assert all(line_width(((text, ""),)) <= 100 for text in drawn)


async def test_delivered_is_when_the_batch_was_taken_from_the_ring() -> None:
    first, second = make_event(1), make_event(2)
    times = ((1, first.ran_ns + 50_000_000), (2, second.ran_ns + 70_000_000))
    async with on_stage(make_snapshot((first, second), arrivals=Arrivals(times))) as stage:
        await stage.press("enter")
        assert " 70 ms " in stage.text
        await stage.press("left")
        assert " 50 ms " in stage.text


@pytest.mark.parametrize(("width", "beside"), [(60, 2), (80, 2), (120, 4)])
async def test_the_registers_of_the_trigger_are_there_as_many_to_a_line_as_fit(
    width: int, beside: int
) -> None:
    event = make_event(1, registers=struct.pack("<21Q", *range(21)))
    shown = [plain(line) for line in detail_lines(event, SOURCES, width, UNICODE)]
    first = shown.index("user registers at the trigger") + 1
    assert shown[first].split()[::2] == ["r15", "r14", "r13", "r12"][:beside]
    assert "rip 0x0000000000000010" in "\n".join(shown[first:])
    assert max(map(len, shown[first:])) <= width


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (StackEnd.WHOLE, None),
        (StackEnd.FAULT, "could not be read"),
        (StackEnd.LIMIT, "more frames than are kept"),
    ],
)
def test_a_stack_says_why_it_ends(end: StackEnd, says: str | None) -> None:
    event = make_event(1, struct.pack("<2Q", 0x1000, 0x2000), wanted_bytes=int(end))
    event = event._replace(flags=event.flags | EventFlag.TRUNCATED)
    stacks = Sources(("stack",), ("sample",), 0)
    shown = "\n".join(plain(line) for line in detail_lines(event, stacks, 100, UNICODE))
    assert ("the stack " in shown) is bool(says)
    assert (says or "") in shown
    assert "bytes kept" not in shown


async def test_an_event_whose_batch_is_forgotten_has_no_such_point() -> None:
    async with on_stage(
        make_snapshot((make_event(1),), arrivals=Arrivals(((1, UNKNOWN_NS),)))
    ) as stage:
        await stage.press("enter")
        assert "callback ran" in stage.text
        assert "delivered" not in stage.text


async def test_at_80_columns_the_drawing_is_still_there() -> None:
    async with on_stage(size=(80, 24)) as stage:
        stage.captured.move_to(1)
        await stage.press("enter")
        assert "trigger, scheduled" in stage.text
        assert "EFAULT" in stage.text


async def test_narrower_it_is_told_in_words() -> None:
    async with on_stage(size=(50, 24)) as stage:
        await stage.press("enter")
        assert "triggered" in stage.text
        assert "none needed" in stage.text


async def test_frames_are_listed_newest_first() -> None:
    event = make_event(
        1, encode([PythonFrame("inner", "/a.py", 3), PythonFrame("main", "/a.py", 9)])
    )
    async with on_stage(make_snapshot((event,), captures=("python",))) as stage:
        assert "inner (/a.py:3)" in stage.captured.text
        await stage.press("enter")
        assert "2 frames, newest first" in stage.text
        assert stage.text.index("inner (/a.py:3)") < stage.text.index("main (/a.py:9)")
        await stage.press("y")
        assert stage.app.clipboard == "inner (/a.py:3)\nmain (/a.py:9)"


async def test_addresses_get_their_names_when_they_are_known() -> None:
    event = make_event(1, b"".join(a.to_bytes(8, "little") for a in (0x1010, 0x2000)))
    snapshot = make_snapshot((event,), captures=("stack",))
    async with on_stage(snapshot) as stage:
        assert "0x1010 < 0x2000" in stage.captured.text
        await stage.publish(replace(snapshot, names={(4242, 0x1010): "malloc+0x10 (libc)"}))
        assert "malloc+0x10 (libc) < 0x2000" in stage.captured.text


def state_of(state: TargetState, name: str = "redis-server") -> Snapshot:
    still = LedgerRow((MapKind.HASH, Mode.RESUME), Counters(), Rates(), (Rates(),) * 3)
    return make_snapshot(rows=(still,), targets=(TargetView(4242, name, 5, state),))


@pytest.mark.parametrize(
    ("state", "heading", "advice"),
    [
        (
            TargetState.SLEEPING,
            "5 threads asleep",
            "the target sleeps, so nothing triggers; c = probe",
        ),
        (TargetState.STOPPED, "5 threads stopped", "stopped: callbacks run when it goes on"),
        (TargetState.TRACED, "5 threads held by a debugger", "callbacks run when it lets go"),
        (TargetState.BLOCKED, "5 threads blocked", ""),
        (
            TargetState.ZOMBIE,
            "redis-server 4242 exited, a zombie",
            "every target has ended; these numbers stay",
        ),
        (
            TargetState.EXITED,
            "redis-server 4242 exited",
            "every target has ended; these numbers stay",
        ),
        (TargetState.RUNNING, "redis-server 4242, 5 threads", ""),
    ],
)
async def test_the_state_of_the_target_and_what_to_do(
    state: TargetState, heading: str, advice: str
) -> None:
    async with on_stage(state_of(state)) as stage:
        assert heading in stage.text
        assert advice in stage.text
        assert ("▲" in stage.text) == bool(advice)


async def test_a_sleeping_target_that_triggers_all_the_same_is_not_said_to_be_still() -> None:
    warm = Rates(fired=150.0, not_needed=150.0)
    snapshot = state_of(TargetState.SLEEPING)
    (still,) = snapshot.rows
    for rates, history in ((Rates(), (warm, warm)), (warm, ())):
        row = replace(still, rates=rates, history=history)
        async with on_stage(replace(snapshot, rows=(row,))) as stage:
            assert "5 threads asleep" in stage.text
            assert "nothing triggers" not in stage.text


async def test_a_target_that_became_another_program_says_what_it_was() -> None:
    snapshot = state_of(TargetState.RUNNING, "sh")
    async with on_stage(snapshot) as stage:
        assert "sh 4242 (was redis-server), 5 threads" in stage.text


async def test_losses_are_told_with_what_helps() -> None:
    lossy = make_snapshot(
        health=Health(dropped=12), rows=(make_row(MapKind.HASH, Mode.RESUME),),
        total=Counters(fired=1_000, no_slot=300),
    )  # fmt: skip
    async with on_stage(lossy) as stage:
        assert "▲ 12 events dropped, the ring buffer was full: --buffer" in stage.text
        assert "300 firings without a slot: --slots" in stage.text


async def test_before_the_start_there_is_no_banner() -> None:
    starting = make_snapshot((), state=RunState.STARTING, info=make_snapshot().info, targets=())
    starting = replace(starting, info=replace(starting.info, name=""))
    async with on_stage(starting) as stage:
        assert "▲" not in stage.text


async def test_latencies_by_map_kind_and_by_mode() -> None:
    async with on_stage(make_snapshot(modes=(Mode.RESUME, Mode.SIGNAL))) as stage:
        assert "share of each mode · l by map kind" in stage.text
        await stage.press("l")
        assert "share of each map kind · l by mode" in stage.text
        assert "█ hash  ▒ array ▚ lru_hash" in stage.text
        await stage.press("l")
        assert "█ resume ▒ signal" in stage.text
    async with on_stage(make_snapshot(), size=(200, 60)) as stage:
        assert "resume   signal     hash    array lru_hash" in stage.text


async def test_every_event_of_the_samples_has_a_detail() -> None:
    async with on_stage() as stage:
        await stage.press("home")
        for _ in EVENTS:
            await stage.press("enter")
            assert "hexdump" in stage.text or "no data" in stage.text
            await stage.press("escape", "j")
