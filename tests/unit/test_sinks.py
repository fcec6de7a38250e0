"""Whatever a target holds, nothing that is written of it does anything to a terminal, a log, a table or a parser."""

from __future__ import annotations

import csv
import functools
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpus import CORPUS, NAMES, harmful

from . import sinks
from .hostile_run import HostileRun
from .sinks import SINKS

FORMULA = frozenset("=+-@|%")
DIRECTIONS = frozenset("LRE RLE LRO RLO PDF LRI RLI FSI PDI".split())
"""Of characters that turn the order of others."""
Runs = Callable[[bytes], HostileRun]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The run of some data; made once."""
    return functools.cache(lambda data: HostileRun(data, tmp_path_factory.mktemp("run")))


def check(name: str, run: HostileRun) -> None:
    written = SINKS[name](run)
    if name == "csv_table":
        # what a spreadsheet shows as lines and columns in one cell
        written = written.replace("\r\n", "\n").replace("\t", " ")
    found = harmful(written)
    if name == "sqlite_shell":
        # an expression of SQL knows no categories: what acts on a terminal is in its list
        found = {one for one in found if unicodedata.category(one) in ("Cc", "Zl", "Zp")}
        found |= {one for one in written if unicodedata.bidirectional(one) in DIRECTIONS}
    assert not found
    written.encode()


@pytest.mark.parametrize("entry", NAMES)
@pytest.mark.parametrize("name", SINKS)
def test_nothing_hostile_comes_out(name: str, entry: str, run_of: Runs) -> None:
    check(name, run_of(CORPUS[entry]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=60), st.text(max_size=30).map(lambda t: t.encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_nothing_hostile_comes_out_of_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    run = HostileRun(data, tmp_path_factory.mktemp("any"))
    for name in SINKS:
        check(name, run)


@pytest.mark.parametrize("entry", NAMES)
def test_nobody_forges_a_line(entry: str, run_of: Runs) -> None:
    run = run_of(CORPUS[entry])
    assert sinks.message(run).count("\n") == 1
    assert sinks.remote_error(run).count("\n") == 1
    lines = sinks.log(run).splitlines()
    assert [number for number, line in enumerate(lines) if not line.startswith("    ")] == [0]
    assert len(sinks.event_lines(run).splitlines()) == len(run.events)
    assert len(sinks.sqlite_shell(run).splitlines()) == len(run.events)


@pytest.mark.parametrize("entry", NAMES)
def test_no_cell_is_a_formula_whatever_parts_cells(entry: str, run_of: Runs) -> None:
    """Also where a spreadsheet of another country, or a paste, parts cells at other signs."""
    text = sinks.csv_table(run_of(CORPUS[entry]))
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                if not cell.strip().lstrip("-").isdecimal():
                    first = unicodedata.normalize("NFKC", cell.strip()[:1])
                    assert first not in FORMULA, cell


@pytest.mark.parametrize("entry", NAMES)
def test_a_table_has_as_many_rows_as_events(entry: str, run_of: Runs) -> None:
    run = run_of(CORPUS[entry])
    text = sinks.csv_table(run)
    assert len(list(csv.DictReader(io.StringIO(text, newline="")))) == len(run.events)


@pytest.mark.parametrize("entry", NAMES)
def test_json_says_what_there_was(entry: str, run_of: Runs) -> None:
    run = run_of(CORPUS[entry])
    found = [json.loads(line) for line in sinks.as_json_lines(run).splitlines()]
    (item,) = (line for line in found if line.get("capture", "").startswith("bytes"))
    back = item["text"].encode() if "text" in item else bytes.fromhex(item["hex"])
    assert back == run.data


def test_recordings_are_of_hostile_names_too(run_of: Runs, tmp_path: Path) -> None:
    run = run_of(CORPUS["window title"])
    assert "\x1b" in run.path.name
    assert r"\x1b]0;owned\x07.twtui" in sinks.report_text(run)
