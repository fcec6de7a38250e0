"""Events of a recording without data: every view says how much there was, and invents none of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ui_samples import make_event, make_snapshot
from ui_stage import on_stage

from twtui.model.event import Event
from twtui.ui.export_events import write_events
from twtui.ui.views.payload import copy_text

CAPTURES = ["str(arg2)", "i64(arg2)", "stack", "python"]


def withheld(number: int, length: int = 8) -> Event:
    return make_event(number)._replace(data=b"", withheld_bytes=length)


@pytest.mark.parametrize("capture", CAPTURES)
async def test_the_list_and_the_detail_say_how_much_there_was(capture: str) -> None:
    snapshot = make_snapshot((withheld(1), withheld(2)), captures=(capture,), triggers=("sample",))
    async with on_stage(snapshot) as stage:
        rows = [row for row in stage.captured.text.splitlines() if "8 bytes, not kept" in row]
        assert len(rows) == 2
        await stage.press("enter")
        assert "8 bytes, not kept" in stage.text
        for invented in ("hexdump", "as text", "\\0", "0x0)", "Python frame"):
            assert invented not in stage.text


async def test_they_are_grouped_by_their_length() -> None:
    events = (withheld(1), withheld(2), withheld(3, 1))
    async with on_stage(make_snapshot(events)) as stage:
        await stage.press("g")
        assert "8 bytes, not kept" in stage.text
        assert "1 byte, not kept" in stage.text


@pytest.mark.parametrize("capture", CAPTURES)
def test_it_is_copied_and_exported_as_such(capture: str, tmp_path: Path) -> None:
    item = withheld(1)
    assert copy_text(item, capture) == "8 bytes, not kept"
    snapshot = make_snapshot((item,), captures=(capture,), triggers=("sample",))
    write_events(tmp_path / "events", snapshot, snapshot.events)
    found = json.loads((tmp_path / "events").read_text().splitlines()[1])
    assert found["len"] == 8
    assert not {"text", "hex", "value", "frames"} & found.keys()
