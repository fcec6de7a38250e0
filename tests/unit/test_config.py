"""Settings come from flags, environment, file and defaults, in that order, and each says from where."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.commands.config import report
from twtui.commands.planning import make_plan
from twtui.errors import UsageError
from twtui.invoker import invoker
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Plan, Target
from twtui.settings.config import load_config
from twtui.settings.config_file import Place, read_config
from twtui.settings.options import options_of

TARGETS = (Target(4242, 1, "shop"),)
SQL = """
[presets.sql]
description = "statements"
watch = [{ trigger = "syscall:openat", capture = "str(arg2)" }, { trigger = "sample", capture = "none", optional = true }]
map = "hash, array"
max-bytes = 64
defer = "fault"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "twtui").mkdir(parents=True)
    return tmp_path


def write(home: Path, text: str) -> Path:
    path = home / ".config" / "twtui" / "config.toml"
    path.write_text(text)
    return path


def planned(home: Path, *words: str, **variables: str) -> Plan:
    options = options_of("record", words, {"HOME": str(home), **variables})
    return make_plan(options, TARGETS)


def test_the_nearer_place_wins_and_is_named(home: Path) -> None:
    path = write(
        home, 'mode = "signal"\nmax-bytes = 512\nslots = 64\ntrigger = ["sample", "probe"]\n'
    )
    flags = {"mode": "resume"}
    values = load_config("record", flags, {"HOME": str(home), "TWTUI_MAX_BYTES": "1024"}).values
    assert (values["mode"].value, values["mode"].source) == ("resume", "flag")
    assert values["max_bytes"][:2] == (1024, "environment TWTUI_MAX_BYTES")
    assert values["slots"][:2] == (64, f"file {path}")
    assert values["trigger"].value == "sample,probe"
    assert values["defer"][:2] == ("always", "default")


def test_switches_can_be_set_and_unset(home: Path) -> None:
    write(home, "children = true")
    assert planned(home).children
    assert not planned(home, TWTUI_CHILDREN="0").children
    assert planned(home, TWTUI_CHILDREN="yes").children


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modee = 1", "unknown key modee"),
        ("pid = 7", "unknown key pid"),
        ('mode = "both"', "mode: 'both' is not one of"),
        ("max-bytes = 0", "max-bytes: bad number"),
        ("max-bytes = true", "max-bytes takes a text or a number"),
        ("max-bytes = 1.5", "max-bytes takes"),
        ("children = 1", "children takes true or false"),
        ("mode = [1]", "mode takes"),
        ("keys = 1", "[keys]"),
        ("[keys]\nmode = 1", "[keys]"),
        ("presets = 1", "presets is not a table"),
        ("[presets.x]", "presets.x.watch takes 1 to 32 pairs"),
        ("[presets.x]\nwatch = [1]", "presets.x.watch[1] is not a table"),
        ('[presets.x]\nwatch = [{trigger = "sample"}]', "presets.x.watch[1].capture takes a text"),
        ('[presets.x]\nwatch = [{trigger = "nosuch", capture = "none"}]', "presets.x: bad trigger"),
        ('[presets.x]\nwatch = [{trigger = "sample", capture = "st("}]', "presets.x: bad capture"),
        ('[presets.x]\nwatch = [{trigger = "sample", capture = "none"}]\nmode = "x"', "presets.x.mode"),
        ('[presets.x]\nwatch = [{trigger = "sample", capture = "none"}]\nfoo = 1', "unknown key foo"),
        ('[presets."a b"]\nwatch = [{trigger = "sample", capture = "none"}]', "bad name"),
        ("mode = ", "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_key(home: Path, text: str, said: str) -> None:
    path = write(home, text)
    with pytest.raises(UsageError) as caught:
        planned(home)
    assert caught.value.message.startswith(f"config file {path}: ")
    assert said in caught.value.message
    assert caught.value.hint


@given(st.binary(max_size=60))
def test_garbage_is_a_usage_error_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        read_config(Place(path, True))


def test_a_file_that_was_named_has_to_be_there(home: Path) -> None:
    for words, variables in (
        (["--config", "/nonexistent/c"], {}),
        ([], {"TWTUI_CONFIG": "/nonexistent/c"}),
    ):
        with pytest.raises(UsageError, match="there is no config file"):
            planned(home, *words, **variables)
    with pytest.raises(UsageError, match="cannot be read"):
        planned(home, "--config", str(home))


def test_somebody_elses_file_is_refused(home: Path) -> None:
    path = write(home, "slots = 64")
    with pytest.raises(UsageError, match="belongs to somebody else"):
        read_config(Place(path, False, frozenset([os.getuid() + 1])))
    assert read_config(Place(path, True)).values["slots"].value == 64


def test_a_fifo_is_not_waited_for(home: Path) -> None:
    path = home / "fifo"
    os.mkfifo(path)
    assert read_config(Place(path, True)).values == {}


@pytest.mark.parametrize("text", ["", "x", "-1", "0", str(2**32 - 1), "٣"])
def test_sudo_counts_only_where_it_can_be_true(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert not invoker({"SUDO_UID": text, "SUDO_GID": "7"}).by_sudo
    assert invoker({"SUDO_UID": "4321", "SUDO_GID": "7"}).uid == 4321
    monkeypatch.setattr("os.geteuid", lambda: 55)
    assert invoker({"SUDO_UID": "4321", "SUDO_GID": "7"}).uid == 55


def test_a_preset_sets_what_no_flag_sets(home: Path) -> None:
    write(home, 'max-bytes = 512\ndefer = "always"\nmode = "signal"\n' + SQL)
    plan = planned(home, "--preset", "sql", "-m", "resume", "--children", "-F", "50")
    assert [str(watch.capture) for watch in plan.watches] == ["str(arg2)", "none"]
    assert [watch.optional for watch in plan.watches] == [False, True]
    assert plan.watches[1].trigger.rate_hz == 50
    assert plan.map_kinds == (MapKind.HASH, MapKind.ARRAY)
    assert (plan.max_bytes, plan.defer, plan.mode) == (64, Defer.FAULT, Mode.RESUME)
    assert plan.children
    over = planned(home, "--preset", "sql", "--defer", "always", "--map", "all", "-s", "99", "-m", "resume")  # fmt: skip
    assert (over.defer, over.map_kinds, over.max_bytes) == (Defer.ALWAYS, tuple(MapKind), 99)


def test_a_preset_from_the_file_gives_way_to_a_trigger(home: Path) -> None:
    write(home, 'preset = "sql"\n' + SQL)
    assert len(planned(home).watches) == 2
    assert str(planned(home, "--trigger", "probe").watches[0].trigger) == "probe"
    with pytest.raises(UsageError, match="excludes --trigger"):
        planned(home, "--preset", "sql", "--trigger", "probe")


def test_a_rate_from_the_file_is_for_runs_that_sample(home: Path) -> None:
    write(home, "frequency = 7")
    assert planned(home).watches[0].trigger.rate_hz == 7
    assert planned(home, "--trigger", "syscall:read").watches[0].trigger.rate_hz == 0
    with pytest.raises(UsageError, match="-F needs a sample"):
        planned(home, "--trigger", "syscall:read", "-F", "7")


def test_what_is_given_silences_what_is_set_farther_away(home: Path) -> None:
    samples = "sample:instructions"
    write(home, f'period = 1000\ntrigger = "{samples}"')

    def rate(*words: str, **variables: str) -> tuple[int, int]:
        trigger = planned(home, *words, **variables).watches[0].trigger
        return trigger.rate_hz, trigger.period

    assert rate() == (0, 1000)
    assert rate("-F", "7") == (7, 0)
    assert rate(TWTUI_FREQUENCY="50") == (50, 0)
    assert rate("--period", "9", TWTUI_FREQUENCY="50") == (0, 9)
    for words, variables in (
        (("-F", "7", "--period", "9"), {}),
        ((), {"TWTUI_FREQUENCY": "50", "TWTUI_PERIOD": "9"}),
    ):
        with pytest.raises(UsageError, match="exclude each other"):
            rate(*words, **variables)


def test_a_map_that_somebody_has_set_comes_before_a_preset_of_ours(home: Path) -> None:
    assert planned(home, "--preset", "oncpu").map_kinds == (MapKind.HASH,)
    assert planned(home, "--preset", "oncpu", TWTUI_MAP="all").map_kinds == tuple(MapKind)
    write(home, 'map = "array"\n' + SQL)
    assert planned(home, "--preset", "oncpu").map_kinds == (MapKind.ARRAY,)
    # but not before one of their own that says what it wants
    assert planned(home, "--preset", "sql").map_kinds == (MapKind.HASH, MapKind.ARRAY)
    assert planned(home, "--preset", "sql", "--map", "all").map_kinds == tuple(MapKind)


def test_a_picked_preset_comes_before_everything(home: Path) -> None:
    options = options_of("", ["--trigger", "probe"], {"HOME": str(home)})
    picked = options.config.presets["files"]
    assert len(make_plan(options, TARGETS, picked).watches) == len(picked.pairs)


def test_an_unknown_preset_is_refused_with_those_there_are(home: Path) -> None:
    write(home, SQL)
    with pytest.raises(UsageError) as caught:
        planned(home, "--preset", "nosuch")
    assert "sql" in caught.value.hint


def test_threads_are_in_the_plan_each_once(home: Path) -> None:
    assert planned(home, "-t", "7,8", "-t", "7").threads == (7, 8)


def test_the_command_shows_every_value_and_its_source(home: Path) -> None:
    path = write(home, 'slots = 64\n[keys]\nmode = "M"\n' + SQL)
    options = options_of("config", ["--show", "-m", "signal"], {"HOME": str(home)})
    lines = report(options.config, as_json=False).splitlines()
    assert "mode signal flag" in [" ".join(line.split()) for line in lines]
    assert f"slots 64 file {path}" in [" ".join(line.split()) for line in lines]
    assert "presets of your own: sql" in lines
    fields = json.loads(report(options.config, as_json=True))
    assert fields["file"] == str(path)
    assert fields["keys"] == {"mode": "M"}
    assert {"name": "mode", "value": "signal", "source": "flag"} in fields["settings"]
