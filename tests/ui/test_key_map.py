"""Keys that a user has remapped: checked, in force, and shown where keys are shown."""

from __future__ import annotations

import pytest
from ui_samples import make_snapshot
from ui_stage import on_stage

from twtui.errors import UsageError
from twtui.model.enums import Mode
from twtui.model.plan import Probe, SetMode
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
    ],
)
def test_what_cannot_be_is_refused(wanted: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match="keys") as caught:
        key_map(wanted)
    assert words in caught.value.message


def test_swapping_two_keys_is_fine() -> None:
    keys = key_map({"mode": "c", "probe": "m"})
    assert (keys.text("mode"), keys.text("probe")) == ("c", "m")
    assert key_map({}).keys == AS_SHIPPED.keys == KEYS
    assert all(key.where in set(Where) for key in KEYS)
