"""The keys that change a run: mode, map kinds, a probe; what they send, and what they say first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_samples import (
    make_plan,
    make_snapshot,
)
from ui_stage import on_stage

from twtui.model.disturbance import Reach, warning
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Probe, SetMapKinds, SetMode


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
