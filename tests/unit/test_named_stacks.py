"""One recorded stack with names, through every form in which a recording is put out."""

from __future__ import annotations

import csv
import io
import json
import struct
from pathlib import Path

import pytest

from twtui.cli import main
from twtui.commands.recorded import top_values
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.snapshot import BackendInfo
from twtui.recording import Recorder, Recording
from twtui.ui.export_events import write_events

from .support import event, plan, records

USER, CALLER, KERNEL = 0x5000, 0x5100, 0xFFFF_FFFF_8100_0000
NAMES = {(4242, USER): "work+0x10 (program)", (0, KERNEL): "do_work+0x4 (kernel)"}
FRAMES = ["do_work+0x4 (kernel)", "work+0x10 (program)", "0x5100"]
STACK = event(data=struct.pack("<3Q", USER, CALLER, KERNEL), wanted_bytes=0)
BATCH = Batch(1, records([STACK]), captures={0: ("sample", "stack")}, names=NAMES, end=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stacks") / "run.twtui"
    recorder = Recorder(plan("sample", "stack"))
    recorder.start(path, BackendInfo("live"))
    recorder.observe(BATCH, [STACK])
    recorder.stop()
    return path


def printed(capfd: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([str(word) for word in words]) == 0
    return capfd.readouterr().out


def test_lines(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capfd, "export", path).splitlines()[1])["frames"] == FRAMES


def test_csv(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, "export", path, "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["data"], row["encoding"]) == (";".join(FRAMES), "frames")


def test_chrome(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capfd, "export", path, "-f", "chrome"))["traceEvents"]
    (callback,) = [item for item in found if item.get("cat") == "callback"]
    assert callback["name"] == FRAMES[0]
    assert callback["args"]["data"] == "\n".join(FRAMES)


def test_folded(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, "export", path, "-f", "folded")
    assert text == "worker;0x5100;work;do_work 1\n"


def test_report(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert " < ".join(FRAMES) in printed(capfd, "report", path)
    assert json.loads(printed(capfd, "report", path, "--json"))["top"][0]["frames"] == FRAMES


def test_the_export_of_the_screen(tmp_path: Path) -> None:
    state = fold.opened(fold.starting(plan("sample", "stack")), BackendInfo("live"))
    snapshot = fold.snapshot(fold.fold(state, BATCH, [STACK]))
    write_events(tmp_path / "events", snapshot, snapshot.events)
    found = json.loads((tmp_path / "events").read_text().splitlines()[1])
    assert found["frames"] == FRAMES


def test_equal_addresses_of_two_processes_are_two_stacks(tmp_path: Path) -> None:
    events = [STACK, STACK._replace(pid=5), STACK, event(capture=1), event(pid=5, capture=1)]
    captures = {0: ("sample", "stack"), 1: ("sample", "str(arg2)")}
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    recorder.observe(Batch(1, records(events), captures=captures), events)
    recorder.stop()
    with Recording(tmp_path / "a") as recording:
        found = {(value.capture, value.pid, value.count) for value in top_values(recording)}
    assert found == {("stack", 4242, 2), ("stack", 5, 1), ("str(arg2)", 0, 2)}


def test_a_number_that_ends_in_zeros_stays_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    item = event(data=struct.pack("<Q", 7))
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", BackendInfo("live"))
    recorder.observe(Batch(1, records([item]), captures={0: ("sample", "u64(sp)")}), [item])
    recorder.stop()
    top = json.loads(printed(capfd, "report", tmp_path / "a", "--json"))["top"]
    assert top[0]["value"] == 7
