"""What cannot be run with is refused where it stands, and twtui config shows what a run would have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twtui.commands.planning import make_plan
from twtui.errors import UsageError
from twtui.model.plan import Target
from twtui.settings.config_file import Place, read_config
from twtui.settings.options import options_of
from twtui.ui.start import keys_of

from .cli_machine import Machine

WRONG = {
    "max-bytes": "99999",
    "slots": "1",
    "buffer": "1000",
    "frequency": "99999999",
    "trigger": "bogus",
    "capture": "str(",
    "map": "hsh",
    "mode": "foo",
    "redact": "(",
    "preset": "nosuch",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    path.touch()
    monkeypatch.setenv("TWTUI_CONFIG", str(path))
    return path


@pytest.mark.parametrize(("name", "text"), WRONG.items(), ids=WRONG)
def test_a_value_that_cannot_be_run_with_is_refused_where_it_stands(
    machine: Machine, file: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    variable = f"TWTUI_{name.upper().replace('-', '_')}"
    monkeypatch.setenv(variable, text)
    code, out, err = machine.run("config")
    assert (code, out) == (2, "")
    assert err[0].startswith(f"twtui: {variable}: ")
    monkeypatch.delenv(variable)
    file.write_text(f'{name} = "{text}"\n')
    refused = machine.run("config")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err[0].startswith(f"twtui: config file {file}: {name}: ")
    # not to the command that has just failed
    assert not any("twtui config" in line for line in (*err[1:], *refused.err[1:]))


def test_a_setting_stands_there_once(machine: Machine, file: Path) -> None:
    file.write_text("max_bytes = 9\nmax-bytes = 8\n")
    assert machine.run("config").err[0] == f"twtui: config file {file}: says max-bytes twice"


def test_a_wrong_key_is_refused_by_the_command_and_by_the_screens(
    machine: Machine, file: Path
) -> None:
    file.write_text('[keys]\nbogus = "M"\n')
    message = f"config file {file}: [keys]: unknown name 'bogus'"
    assert machine.run("config").err[0] == f"twtui: {message}"
    with pytest.raises(UsageError) as caught:
        keys_of(read_config(Place(file, True)))
    assert caught.value.message == message


def shown(machine: Machine, *words: str) -> dict[str, tuple[object, str]]:
    settings = json.loads(machine.run("config", "--json", *words).out)["settings"]
    return {setting["name"]: (setting["value"], setting["source"]) for setting in settings}


def test_a_preset_is_the_source_of_what_it_decides(machine: Machine, file: Path) -> None:
    file.write_text('preset = "tls"\nmode = "signal"\nmax-bytes = 64\nslots = 16\n')
    found = shown(machine)
    plan = make_plan(options_of("record", ["--config", str(file)], {}), (Target(5),))
    triggers, source = found["trigger"]
    assert triggers == ",".join(str(watch.trigger) for watch in plan.watches)
    assert source == "preset tls"
    assert found["capture"] == ("bytes(arg2, arg3),bytes(entry.arg2, ret)", "preset tls")
    assert found["map"] == (",".join(plan.map_kinds), "preset tls")
    assert found["defer"] == (plan.defer, "preset tls")
    assert found["max-bytes"] == (plan.max_bytes, "preset tls")
    assert found["mode"] == (plan.mode, f"file {file}")
    assert found["slots"] == (plan.slots, f"file {file}")
    lines = [" ".join(line.split()) for line in machine.run("config").out.splitlines()]
    assert "trigger 3 of them preset tls" in lines
    assert "max-bytes 1024 preset tls" in lines


def test_what_is_set_before_a_preset_is_shown_as_such(
    machine: Machine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('preset = "files"\n')
    monkeypatch.setenv("TWTUI_MAP", "all")
    found = shown(machine, "--defer", "always")
    assert found["map"] == ("all", "environment TWTUI_MAP")
    assert found["defer"] == ("always", "flag")
    # with a trigger of their own, the preset does not count
    assert shown(machine, "--trigger", "probe")["trigger"] == ("probe", "flag")
    assert shown(machine, "--trigger", "probe")["capture"][1] == "default"
