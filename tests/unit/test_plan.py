"""Plans and commands: one serialised form, checked on the way in."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.errors import UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import (
    Command,
    Plan,
    Probe,
    SetCapture,
    SetMapKinds,
    SetMode,
    Stop,
    Target,
    command_from_wire,
    command_to_wire,
    with_mode,
)

from .support import plan
from .test_wire import json_values

COMMANDS: list[Command] = [
    SetMode(Mode.SIGNAL),
    SetMapKinds((MapKind.ARRAY,)),
    SetCapture(0, parse_capture("str(*(arg1+8))")),
    Probe(),
    Stop(),
]


def through_json(fields: dict[str, Any]) -> Any:
    return json.loads(json.dumps(fields))


@pytest.mark.parametrize(
    "made",
    [
        plan(),
        plan("sample:cycles", defer=Defer.FAULT, mode=Mode.SIGNAL, children=True),
        plan("probe:2hz", "none", map_kinds=(MapKind.LRU_HASH,), max_bytes=4096, slots=8),
        plan(targets=(Target(1), Target(2, 77, "\x1b[31mred\ud800"))),
    ],
)
def test_plans_round_trip(made: Plan) -> None:
    assert Plan.from_wire(through_json(made.to_wire())) == made


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_round_trip(command: Command) -> None:
    assert command_from_wire(through_json(command_to_wire(command))) == command


@given(st.sampled_from(list(plan().to_wire())), json_values)
def test_a_hostile_plan_is_refused(field: str, value: object) -> None:
    with contextlib.suppress(UsageError):
        Plan.from_wire(plan().to_wire() | {field: value})


@given(st.sampled_from(COMMANDS), st.data(), json_values)
def test_a_hostile_command_is_refused(command: Command, data: st.DataObject, value: object) -> None:
    fields = command_to_wire(command)
    fields[data.draw(st.sampled_from(sorted(fields)))] = value
    with contextlib.suppress(UsageError):
        command_from_wire(fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": ()},
        {"watches": ()},
        {"watches": plan().watches * 33},
        {"map_kinds": ()},
        {"max_bytes": 7},
        {"max_bytes": 4097},
        {"slots": 3},
        {"buffer_bytes": 1 << 31},
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        replace(plan(), **changes).check()


def test_signal_mode_is_refused_where_it_fires_itself() -> None:
    with pytest.raises(UsageError, match="syscall:read"):
        with_mode(plan("syscall:read"), Mode.SIGNAL)
    assert with_mode(plan("syscall:read:exit"), Mode.SIGNAL).mode is Mode.SIGNAL
