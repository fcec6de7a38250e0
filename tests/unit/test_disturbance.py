"""What signal mode does to blocked calls: one table, from which the warnings are made."""

from __future__ import annotations

import pytest

from twtui.model.disturbance import CALLS, Effect, Reach, furthest_reach, reach_of, warning
from twtui.model.enums import Mode
from twtui.model.trigger import parse_trigger


def test_every_call_has_a_row_of_its_own() -> None:
    assert len({call.name for call in CALLS}) == len(CALLS)
    assert len({(call.text, call.state) for call in CALLS}) == len(CALLS)


@pytest.mark.parametrize("reach", list(Reach))
def test_the_warning_names_what_is_seen_and_nothing_else(reach: Reach) -> None:
    text = warning(reach)
    for call in CALLS:
        seen = call.effect(Mode.SIGNAL, reach).is_seen
        named = f" {call.text}," in text or f" {call.text};" in text or f" {call.text}." in text
        assert named == seen


def test_resume_mode_is_never_seen() -> None:
    assert {call.effect(Mode.RESUME, reach) for call in CALLS for reach in Reach} == {
        Effect.NOTHING
    }


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("probe", Reach.ASLEEP),
        ("probe:2hz", Reach.ASLEEP),
        ("sample", Reach.FALLING_ASLEEP),
        ("sample:task-clock", Reach.FALLING_ASLEEP),
        ("syscall:read:exit", Reach.AWAKE),
        ("tracepoint:raw_syscalls:sys_exit", Reach.AWAKE),
        ("uprobe:libc:malloc", Reach.AWAKE),
        ("uretprobe:libc:malloc", Reach.AWAKE),
    ],
)
def test_a_trigger_reaches_as_far_as_it_finds_a_thread(text: str, reach: Reach) -> None:
    assert reach_of(parse_trigger(text)) is reach


def test_of_several_triggers_the_one_that_disturbs_most_counts() -> None:
    triggers = [parse_trigger(text) for text in ("syscall:read:exit", "probe", "sample")]
    assert furthest_reach(triggers) is Reach.ASLEEP
    assert furthest_reach(triggers[:1]) is Reach.AWAKE
    assert furthest_reach(()) is Reach.AWAKE
