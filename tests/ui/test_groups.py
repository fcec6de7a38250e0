"""Events grouped by value: counts, rates, order, bounded memory, and the list of them."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from ui_samples import make_event, make_snapshot
from ui_stage import Stage, on_stage

from twtui.model.capture import Read
from twtui.model.event import Event
from twtui.model.python_frames import PythonFrame, encode
from twtui.ui.groups import MAX_GROUPS, Groups, GroupSort, key_of

VALUES = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"\xff"]), max_size=60)


def numbered(values: list[bytes], first: int = 1) -> list[tuple[int, Event]]:
    return [(number, make_event(number, value)) for number, value in enumerate(values, first)]


def counts(groups: Groups) -> dict[bytes, int]:
    return {
        group.key[1]: group.count
        for key in groups.ranked(GroupSort.COUNT)
        if (group := groups.get(key))
    }


@settings(deadline=None)
@given(VALUES, st.integers(0, 60))
def test_feeding_in_parts_counts_the_same(values: list[bytes], cut: int) -> None:
    groups = Groups()
    events = numbered(values)
    groups.feed(events[:cut], ("str(arg1)",))
    groups.feed(events, ("str(arg1)",))
    assert counts(groups) == Counter(values)
    assert groups.total == len(values)


def test_memory_is_bounded_and_no_event_is_forgotten() -> None:
    values = [b"%d" % (n if n % 3 else 7) for n in range(5 * MAX_GROUPS)]
    groups = Groups()
    groups.feed(numbered(values), ("str(arg1)",))
    assert len(groups) <= MAX_GROUPS
    assert groups.others + sum(counts(groups).values()) == groups.total == len(values)
    assert next(iter(counts(groups))) == b"7"


def test_rates_are_of_the_last_seconds() -> None:
    groups = Groups(1_000_000_000)
    groups.feed(numbered([b"a"] * 30), ("str(arg1)",))
    groups.pace(2_000_000_000)
    assert groups.ranked(GroupSort.RATE)
    first = groups.get((0, b"a"))
    assert first is not None
    assert first.rate is None
    groups.pace(4_000_000_000)
    assert first.rate == 10


def test_what_a_group_knows() -> None:
    groups = Groups()
    events = [
        make_event(1, b"a", nofault=-14),
        make_event(2, b"a", ran_ns=make_event(2).trigger_ns + 500),
        make_event(3, b"", result=-14),
    ]
    groups.feed(enumerate(events, 1), ("str(arg1)",))
    found = groups.get((0, b"a"))
    assert found is not None
    assert (found.count, found.rescued, found.max_delay_ns, found.number) == (2, 1, 12_000, 2)
    failed = groups.get(groups.ranked(GroupSort.VALUE)[0])
    assert failed is not None
    assert failed.failed == 1


def test_stacks_are_grouped_by_their_newest_function() -> None:
    stack = (0x1010).to_bytes(8, "little") + (0x2000).to_bytes(8, "little")
    event = make_event(1, stack)
    names = {(4242, 0x1010): "malloc+0x10 (libc.so.6)"}
    assert key_of(event, Read.STACK, names) == (0, b"malloc")
    assert key_of(event, Read.STACK, {}) == (0, b"0x1010")
    without = {(4242, 0x1010): "0x1010 (libc.so.6+0x10)"}
    assert key_of(event, Read.STACK, without) == (0, b"[libc.so.6]")
    python = make_event(1, encode([PythonFrame("main", "/a.py", 1), PythonFrame("x", "/a.py", 9)]))
    assert key_of(python, Read.PYTHON, {}) == (0, b"main")


def table(stage: Stage) -> list[str]:
    rows = stage.monitor.area.groups.text.splitlines()
    return [row for row in rows[1:] if row.strip()]


def values_of(*values: bytes) -> tuple[Event, ...]:
    return tuple(event for _, event in numbered(list(values)))


async def test_g_groups_and_lists_again() -> None:
    async with on_stage(make_snapshot(values_of(b"a", b"b", b"b", b"c", b"b"))) as stage:
        await stage.press("g")
        assert "Values · 3 in 5 events · by count · ranked live" in stage.text
        assert [row.split()[0] for row in table(stage)] == ["3", "1", "1"]
        assert '"b"' in table(stage)[0]
        assert stage.monitor.area.groups.has_focus
        assert "s sort" in stage.text
        await stage.press("g")
        assert "Captured · 5 events" in stage.text
        assert stage.captured.has_focus


async def test_counting_goes_on_and_ranks_live() -> None:
    async with on_stage(make_snapshot(values_of(b"a", b"a", b"b"))) as stage:
        await stage.press("g")
        await stage.publish(make_snapshot(values_of(b"a", b"a", b"b", b"b", b"b")))
        assert ['"b"' in row for row in table(stage)] == [True, False]


async def test_rows_do_not_move_while_they_are_read() -> None:
    async with on_stage(make_snapshot(values_of(b"a", b"a", b"b"))) as stage:
        await stage.press("g", "down")
        assert "order held, f ranks again" in stage.text
        await stage.publish(make_snapshot(values_of(b"a", b"a", b"b", b"b", b"b", b"c")))
        assert [row.split()[0] for row in table(stage)] == ["2", "3", "1"]
        await stage.press("f")
        assert [row.split()[0] for row in table(stage)] == ["3", "2", "1"]


async def test_s_sorts_by_the_next_column_and_shift_s_turns_it_round() -> None:
    async with on_stage(make_snapshot(values_of(b"b", b"b", b"a", b"c"))) as stage:
        await stage.press("g", "S")
        assert "by count, reversed" in stage.text
        assert table(stage)[-1].split()[0] == "2"
        await stage.press("S", *"sssss")
        assert "by value" in stage.text
        assert [row.split()[-1] for row in table(stage)] == ['"a"', '"b"', '"c"']
        await stage.press("g", "s")
        assert "Captured" in stage.text


async def test_enter_opens_the_newest_event_of_a_value() -> None:
    async with on_stage(make_snapshot(values_of(b"a", b"b", b"a"))) as stage:
        await stage.press("g", "enter")
        assert "Event 3" in stage.text
        await stage.press("right")
        assert "Event 2" in stage.text
        await stage.press("escape", "g")
        assert "Captured" in stage.text


async def test_what_left_the_view_before_it_was_counted_is_among_the_others() -> None:
    async with on_stage(make_snapshot(values_of(b"a"))) as stage:
        await stage.press("g")
        late = tuple(event for _, event in numbered([b"z"] * 5, 96))
        await stage.publish(make_snapshot(late, 100))
        assert "94 others: 94 that left the view before they could be counted" in stage.text


async def test_another_run_begins_anew() -> None:
    async with on_stage(make_snapshot(values_of(b"a", b"a"))) as stage:
        await stage.press("g")
        await stage.publish(make_snapshot(values_of(b"b")))
        assert "Values · 1 in 1 events" in stage.text
