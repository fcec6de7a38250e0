"""record -o, replay, report, export and diff as a person types them: output, messages, exit codes."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from twtui.export.schema import LINE_SCHEMA
from twtui.model.presets import PRESETS
from twtui.recording import Recording

from .cli_shell import Ran, Shell
from .recordings import record_demo, recorded_demo
from .support import plan

VALID = Draft202012Validator(LINE_SCHEMA)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_demo(tmp_path_factory.mktemp("commands") / "run.twtui")


def check_lines(lines: Sequence[dict[str, Any]]) -> None:
    for line in lines:
        VALID.validate(line)
    types = [line["type"] for line in lines]
    assert (types[0], types[-1]) == ("header", "summary")
    assert set(types[1:-1]) == {"event"}


def test_record_keeps_a_recording_and_prints_the_summary(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell.run("record", "-p", 5, "-d", "400ms", "-o", tmp_path / "a")
    assert (code, err) == (0, [])
    assert "✓ emitted = delivered" in out
    assert "nginx" not in out
    with Recording(tmp_path / "a") as recording:
        assert recording.whole
        assert recording.event_count > 10
        assert recording.meta.argv[:3] == ("twtui", "record", "-p")


def test_record_prints_json_lines_beside_a_recording(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("record", "-p", 5, "-d", "1500ms", "-o", tmp_path / "a", "--json")
    assert (done.code, done.err) == (0, [])
    check_lines(done.lines)
    with Recording(tmp_path / "a") as recording:
        assert recording.event_count == sum(line["type"] == "event" for line in done.lines)


def test_what_may_not_be_kept_is_in_neither(shell: Shell, tmp_path: Path) -> None:
    base = (
        "record", "-p", 5, "-d", "800ms", "--json", "--force", "-o", tmp_path / "a", "-F", "499",
        "--capture", "str(arg2)",
    )  # fmt: skip
    done = shell.run(*base, "--redact", "nginx|/var/lib")
    assert "/etc/*****/*****.conf" in done.out
    # nor is the expression itself anywhere
    assert "nginx" not in done.out
    assert b"nginx" not in (tmp_path / "a").read_bytes()
    check_lines(done.lines)
    done = shell.run(*base, "--no-data")
    assert "/etc/" not in done.out
    assert b"/etc/" not in (tmp_path / "a").read_bytes()
    check_lines(done.lines)


def test_a_recording_keeps_what_is_not_printed(shell: Shell, tmp_path: Path) -> None:
    words = ("record", "-p", 5, "-d", "800ms", "--json", "-o", tmp_path / "a")
    done = shell.run(*words, "--filter", "comm:none")
    assert [line["type"] for line in done.lines] == ["header", "summary"]
    with Recording(tmp_path / "a") as recording:
        assert recording.event_count > 0


def test_an_assertion_is_an_exit_code(shell: Shell, path: Path, tmp_path: Path) -> None:
    good = ("--assert", "p99(resume) < 10s", "--assert", "rescued > 0")
    bad = (*good, "--assert", "p50 < 1ns")
    record = ("record", "-p", 5, "-d", "300ms", "--json")
    for words in (record, ("report", path), ("replay", path)):
        assert shell.run(*words, *good).code == 0
        code, out, err = shell.run(*words, *bad)
        assert code == 3
        assert err[0].startswith("twtui: assertion failed: p50 < 1ns (p50 is ")
        if words == record:
            assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert shell.run("report", path, "--fail-on-loss").code == 3


def test_of_a_recording_that_was_cut_off_nothing_is_measured(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut"
    record_demo(cut, seconds=4, stop_at=40)
    for words in (("report", cut), ("replay", cut)):
        for check in (("--assert", "rescued > 0"), ("--fail-on-loss",)):
            done = shell.run(*words, *check)
            assert done.code == 3
            assert "measured)" in done.err[0]
            assert "the end of the run is not there" in done.err[1]
    assert shell.run("report", cut).code == 0
    # nor is it whole for who gets it as lines
    lines = tmp_path / "lines"
    assert shell.run("export", cut, "-o", lines).code == 0
    check_lines([json.loads(line) for line in lines.read_text().splitlines()])
    with lines.open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert shell.run("replay", "-", "--assert", "rescued > 0").code == 3


def test_a_report_as_text_and_as_json(shell: Shell, path: Path) -> None:
    text = shell.run("report", path)
    assert (text.code, text.err) == (0, [])
    for words in ("run.twtui: twtui", "the run came to its end", "p99", "losses:", "nginx.conf"):
        assert words in text.out
    assert text.out.replace("\n", "").isprintable()
    found = json.loads(shell.run("report", path, "--json").out)
    assert found["ended"] == "end"
    assert found["losses"]["lost"] >= 0
    assert sum(found["ledger"]["hash"]["resume"][n] for n in ("read_ok", "read_fault")) > 0
    assert found["top"][0]["count"] >= found["top"][1]["count"] > 0
    assert {"text", "trigger", "capture", "count"} <= set(found["top"][0])


def test_a_heading_names_the_first_of_many_watches(shell: Shell, tmp_path: Path) -> None:
    watches = PRESETS["files"].watches()
    record_demo(tmp_path / "a", seconds=1, made=plan(watches=watches))
    first = f"{watches[0].trigger.label} {watches[0].capture} and {len(watches) - 1} more, "
    for words in (("report", tmp_path / "a"), ("diff", tmp_path / "a", tmp_path / "a")):
        text = shell.run(*words).out
        assert first in text
        assert max(map(len, text.splitlines())) < 200


def test_a_report_of_what_was_cut_off(shell: Shell, tmp_path: Path) -> None:
    record_demo(tmp_path / "a", seconds=2, stop_at=20)
    assert "stopped before the run ended" in shell.run("report", tmp_path / "a").out


@pytest.mark.parametrize("readings", [(), ("--readings",)], ids=["events", "readings"])
def test_exported_lines_are_those_of_the_run(
    shell: Shell, tmp_path: Path, readings: tuple[str, ...]
) -> None:
    record = ("record", "-p", 5, "-d", "1200ms", "-o", tmp_path / "a", "--json", *readings)
    live = shell.run(*record)
    found = shell.run("export", tmp_path / "a", *readings)
    assert (found.code, found.err) == (0, [])
    check_lines([line for line in found.lines if line["type"] != "reading"])
    assert found.lines == live.lines
    taken = [line for line in found.lines if line["type"] == "reading"]
    assert bool(taken) == bool(readings)


@pytest.mark.parametrize("capture", ["str(arg2)", "i64(sp)", "stack"])
def test_what_was_not_kept_is_not_made_up(shell: Shell, tmp_path: Path, capture: str) -> None:
    live = shell.run(
        "record", "-p", 5, "-d", "800ms", "-o", tmp_path / "a", "--json", "--no-data",
        "-F", "499", "--capture", capture,
    )  # fmt: skip
    events = [line for line in live.lines if line["type"] == "event"]
    assert any(line["len"] for line in events)
    assert not any({"text", "hex", "value", "frames"} & line.keys() for line in events)
    assert events == [
        line for line in shell.run("export", tmp_path / "a").lines if line["type"] == "event"
    ]
    rows = list(csv.DictReader(shell.run("export", tmp_path / "a", "-f", "csv").out.splitlines()))
    assert [int(row["len"]) for row in rows] == [line["len"] for line in events]
    assert {(row["value"], row["data"], row["encoding"]) for row in rows} == {("", "", "")}
    assert '"data"' not in shell.run("export", tmp_path / "a", "-f", "chrome").out


def test_a_filter_leaves_events_out_only(shell: Shell, path: Path) -> None:
    found = shell.run("export", path, "--filter", "map:hash text:nginx")
    check_lines(found.lines)
    events = [line for line in found.lines if line["type"] == "event"]
    assert events
    assert {event["map"] for event in events} == {"hash"}
    assert all("nginx" in event["text"] for event in events)


def test_an_export_into_a_file(shell: Shell, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert shell.run("export", path, "-f", "csv", "-o", out) == Ran(0, "", [])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text().startswith("ts_ns,pid")
    assert shell.run("export", path, "-f", "csv", "-o", out).code == 2
    assert shell.run("export", path, "-f", "chrome", "-o", out, "--force").code == 0
    assert json.loads(out.read_text())["traceEvents"]
    # what cannot be made leaves nothing behind, not even of the file before
    before = out.read_bytes()
    assert shell.run("export", path, "-f", "folded", "-o", out, "--force").code == 2
    assert out.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]


def test_two_recordings_side_by_side(shell: Shell, path: Path, tmp_path: Path) -> None:
    record_demo(tmp_path / "b.twtui", seconds=1, rate=300)
    code, out, err = shell.run("diff", path, tmp_path / "b.twtui")
    assert (code, err) == (0, [])
    for words in ("A  run.twtui", "B  b.twtui", "fired", "hash resume p99", "%"):
        assert words in out
    found = json.loads(shell.run("diff", path, tmp_path / "b.twtui", "--json").out)
    assert found["a"]["name"] == "run.twtui"
    assert found["b"]["ledger"]["hash"]["resume"]["fired"] > 0
    same = shell.run("diff", path, path).out
    assert "new" not in same


def test_the_schema_is_printed(shell: Shell) -> None:
    for command in ("record", "export"):
        done = shell.run(command, "--json-schema")
        assert (done.code, json.loads(done.out)) == (0, LINE_SCHEMA)


def test_a_replay_without_a_terminal_says_what_to_use(shell: Shell, path: Path) -> None:
    code, _, err = shell.run("replay", path)
    assert (code, err[0]) == (2, "twtui: the screen needs a terminal")
    assert "report" in err[1]
