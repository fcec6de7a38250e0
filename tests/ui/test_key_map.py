"""Keys that a user has remapped: checked, in force, and shown where keys are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ui_samples import PROCESSES, make_plan, make_snapshot
from ui_scenes import make_findings
from ui_stage import on_stage

from twtui.errors import UsageError
from twtui.model.enums import MapKind, Mode, RunState, TargetState
from twtui.model.filter import parse_filter
from twtui.model.ledger import Counters
from twtui.model.plan import Probe, SetMode
from twtui.model.playback import Playback
from twtui.model.snapshot import BackendInfo, LedgerRow, Rates, Snapshot, TargetView
from twtui.ui.key_map import AS_SHIPPED, key_map
from twtui.ui.keys import KEYS, Where


async def test_remapped_keys_work_and_are_shown() -> None:
    keys = key_map({"mode": "M", "probe": "ctrl+o", "help": "f9"})
    async with on_stage(keys=keys) as stage:
        await stage.press("m", "c")
        assert stage.engine.commands == []
        await stage.press("M", "ctrl+o")
        assert stage.engine.commands == [SetMode(Mode.SIGNAL), Probe()]
        assert "M mode" in stage.text
        assert "ctrl+o probe" in stage.text
        await stage.press("f9")
        row = next(row for row in stage.rows() if "Switch between resume and signal mode" in row)
        assert row.split()[1:3] == ["M", "Switch"] or row.split()[2] == "M"
        await stage.press("escape")
        titles = [c.title for c in stage.app.get_system_commands(stage.monitor)]
        assert "Switch between resume and signal mode (M)" in titles


REMAPPED = key_map(
    {
        "mode": "M", "map.array": "4", "probe": "C", "split": "L", "copy": "Y", "filter.drop": "D",
        "picker": "P", "quit": "Q", "up": "w", "close": "f4", "event.later": "n", "detail.copy": "f5",
        "start": "f9", "select": "f8", "filter.clear": "f7", "replay": "R", "preset.before": "f11",
    }
)  # fmt: skip


async def test_a_hint_for_several_keys_names_each_as_it_is_now() -> None:
    async with on_stage(keys=REMAPPED, size=(200, 60)) as stage:
        assert "1 4 3 0 maps" in stage.text
    async with on_stage(keys=REMAPPED, size=(200, 60), picker=True) as stage:
        assert "f11 → preset" in stage.text


async def test_the_palette_names_the_key_itself() -> None:
    playback = Playback(0, 1, 1.0, True, False)
    found = ""
    for snapshot in (make_snapshot(), make_snapshot(playback=playback)):
        async with on_stage(snapshot) as stage:
            titles = (one.title for one in stage.app.get_system_commands(stage.monitor))
            found += "\n".join(titles)
    for words in ("schedule (0)", "5 seconds on (→)", "Half as fast (<)", "Twice as fast (>)",
                  "came before, and hold (,)", "come next, and hold (.)"):  # fmt: skip
        assert words in found


def asleep(**changes: Any) -> Snapshot:
    target = TargetView(4242, "redis-server", 5, TargetState.SLEEPING)
    row = LedgerRow((MapKind.HASH, Mode.RESUME), Counters(**changes), Rates(), (Rates(),) * 2)
    return make_snapshot((), rows=(row,), targets=(target,))


FAILED = make_snapshot(state=RunState.FAILED, error="it failed")
ENDED = TargetView(4242, "redis-server", 0, TargetState.EXITED)


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (asleep(), ("nothing triggers; C = probe it now", "press C to probe it now")),
        (asleep(pending=5), ("M = signal mode, or wait",)),
        (make_snapshot((), plan=make_plan(trigger="probe")), ("press C to schedule a callback",)),
        (make_snapshot((), targets=(ENDED,)), ("P picks others",)),
        (FAILED, ("P picks again, Q leaves",)),
        (make_snapshot(), ("L by map kind",)),
    ],
)
async def test_advice_names_the_keys_as_they_are_now(
    snapshot: Snapshot, words: tuple[str, ...]
) -> None:
    async with on_stage(snapshot, keys=REMAPPED) as stage:
        for one in words:
            assert one in stage.text


@pytest.mark.parametrize("group", [(), ("g",)])
async def test_where_no_event_matches_the_way_back_is_named(group: tuple[str, ...]) -> None:
    async with on_stage(keys=REMAPPED, filter=parse_filter("pid:1")) as stage:
        await stage.press(*group)
        assert "D shows all" in stage.text


async def test_dialogs_name_the_keys_as_they_are_now() -> None:
    async with on_stage(keys=REMAPPED) as stage:
        await stage.press("enter")
        assert "← n step, f5 copies, f4 closes" in stage.text
        await stage.press("f4", "?")
        assert "w ↓ scroll, f4 closes" in stage.text


async def test_the_picker_names_the_keys_as_they_are_now() -> None:
    async with on_stage(keys=REMAPPED, picker=True) as stage:
        await stage.app.workers.wait_for_complete()
        stage.picker.table.take(PROCESSES)
        await stage.pilot.pause()
        assert "F9 watches redis-server 20; f8 selects several" in stage.text
        stage.picker.filter.value = "nobody has this name"
        await stage.pilot.pause()
        assert "f7 clears the filter" in stage.text


async def test_the_first_screen_names_the_keys_as_they_are_now() -> None:
    async with on_stage(keys=REMAPPED, picker=True, findings=make_findings()) as stage:
        assert "R      a recording of yours" in stage.text


async def test_a_recording_is_not_advised_to_be_probed() -> None:
    snapshot = replace(asleep(), info=BackendInfo("replay"))
    async with on_stage(snapshot) as stage:
        assert "asleep" in stage.text
        assert "nothing triggers" in stage.text
        assert "probe" not in stage.text


async def test_a_list_key_can_be_remapped() -> None:
    async with on_stage(make_snapshot(), keys=key_map({"up": "w"})) as stage:
        await stage.press("w")
        assert stage.captured.cursor == 5
        await stage.press("up")
        assert stage.captured.cursor == 5


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"modus": "m"}, "unknown name 'modus'"),
        ({"mode": "hyper+x"}, "unknown key 'hyper+x'"),
        ({"mode": "c"}, "would be both"),
        ({"mode": "q"}, "would be both"),
        ({"copy": "down"}, "would be both"),
        ({"mode": ""}, "unknown key"),
        ({"replay.back": "z"}, "would be both"),
        ({"replay.play": "z"}, "would be both"),
        ({"pause": "left"}, "would be both"),
    ],
)
def test_what_cannot_be_is_refused(wanted: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match="keys") as caught:
        key_map(wanted)
    assert words in caught.value.message


def test_pausing_and_playing_may_be_one_key_or_two() -> None:
    keys = key_map({"pause": "P"})
    assert (keys.text("pause"), keys.text("replay.play")) == ("P", "space")
    assert key_map({"pause": "P", "replay.play": "P"}).text("replay.play") == "P"


def test_swapping_two_keys_is_fine() -> None:
    keys = key_map({"mode": "c", "probe": "m"})
    assert (keys.text("mode"), keys.text("probe")) == ("c", "m")
    assert key_map({}).keys == AS_SHIPPED.keys == KEYS
    assert all(key.where in set(Where) for key in KEYS)
