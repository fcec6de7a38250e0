"""README, help, manual page and the example of a config file say what the tables in the code say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from twtui.errors import EXIT_CODES, INTERRUPTED, NoSuchTargetError, TwtuiError
from twtui.model.presets import PRESETS
from twtui.settings.config_file import Place, read_config
from twtui.settings.options import parser_of
from twtui.settings.table import COMMANDS, SETTINGS
from twtui.ui.key_map import key_map
from twtui.ui.keys import KEYS

ROOT = Path(__file__).parents[2]
MAN_PAGE = ROOT / "share/man/man8/twtui.8"
EXAMPLE = ROOT / "share/doc/twtui/twtui.toml"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OF_EVERY_PARSER = {"--help", "--version"}


def man_page() -> str:
    """As a terminal shows it, in lines that are long enough for every paragraph."""
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=1000", MAN_PAGE],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(".\b", "", done.stdout)


def test_everything_that_is_made_from_the_tables_is_as_they_are() -> None:
    """Write it with: make docs."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_help_manual_and_readme_name_the_same_options() -> None:
    helps = "".join(parser_of(name).format_help() for name in COMMANDS)
    helped = {
        flag
        for head in re.findall(r"^  (-.*?)(?:  |$)", helps, re.M)
        for flag in FLAG.findall(head)
    }
    manual = man_page()
    options = manual[manual.index("\nOPTIONS\n") : manual.index("\nPRESETS\n")]
    heads = [line for line in options.splitlines() if re.match(r" +-", line)]
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("<!-- flags -->") : readme.index("<!-- /flags -->")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `-")]
    wanted = helped - OF_EVERY_PARSER
    assert len(wanted) == len(SETTINGS)
    assert {flag for head in heads for flag in FLAG.findall(head)} == wanted
    assert {flag for row in rows for flag in FLAG.findall(row)} == wanted


def test_help_manual_and_readme_say_the_same_of_each_command_and_exit_code() -> None:
    help_text = parser_of("").format_help()
    manual = man_page().lower()
    readme = (ROOT / "README.md").read_text()
    for text in (*filter(None, COMMANDS.values()), *EXIT_CODES.values()):
        # the help says of itself what it does in other words
        assert text in help_text or text == COMMANDS[""]
        assert text in readme
        assert text.lower() in manual or text == COMMANDS[""]


def test_every_error_has_an_exit_code_that_is_explained() -> None:
    kinds = [TwtuiError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert NoSuchTargetError in kinds
    assert {0, INTERRUPTED, *(kind.exit_code for kind in kinds)} == set(EXIT_CODES)


def test_the_manual_page_is_well_formed() -> None:
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", MAN_PAGE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_manual_page_and_readme_have_every_key_and_its_alternatives() -> None:
    manual = man_page()
    readme = (ROOT / "README.md").read_text()
    for key in KEYS:
        assert f"{key.description}." in manual
        assert f"\n     {', '.join(key.texts)}" in manual
        written = ", ".join(f"`{text}`" for text in key.texts)
        assert f"| {written} | {key.where} |" in readme
    assert "`?`, `f1`" in readme
    assert "`q`, `ctrl+c`" in readme


def test_the_manual_page_writes_values_as_they_are_typed() -> None:
    manual = man_page()
    begun = [s for s in SETTINGS if s.help.split()[0].rstrip(",") in s.choices]
    assert [setting.name for setting in begun] == ["mode", "format"]
    assert all(f" {setting.help}." in manual for setting in begun)


def uncommented(path: Path) -> Path:
    """The example with everything in force; comments have a blank after their #."""
    whole = path / "config.toml"
    whole.write_text(re.sub(r"(?m)^#(?=\S)", "", EXAMPLE.read_text()))
    return whole


def test_the_example_of_a_config_file_says_nothing_until_it_is_changed() -> None:
    config = read_config(Place(EXAMPLE, True))
    assert (config.values, config.presets, config.keys) == ({}, {}, {})


def test_the_example_of_a_config_file_has_everything_and_each_is_accepted(tmp_path: Path) -> None:
    config = read_config(Place(uncommented(tmp_path), True))
    configurable = {setting.key: setting for setting in SETTINGS if setting.configurable}
    assert set(config.values) == set(configurable)
    for key, value in config.values.items():
        if configurable[key].default is not None:
            assert value.value == configurable[key].default, key
    assert list(config.presets) == ["sql"]
    assert set(config.keys) == {key.id for key in KEYS}
    assert {key.id: key.keys for key in key_map(config.keys).keys} == {
        key.id: key.keys for key in KEYS
    }


def test_what_contributors_are_told_of_is_there() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"\b((?:twtui|tests|bpf|scripts)/[\w/.]+\.\w+)", told)
    made_in_an_example = {"twtui/ui/views/targets.py"}
    assert len(paths) > 20
    assert {path for path in paths if not (ROOT / path).exists()} == made_in_an_example
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", told)) <= targets


def test_the_readme_says_all_that_a_preset_sets() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("<!-- presets -->") : readme.index("<!-- /presets -->")]
    rows = {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `")}
    in_words = {"name", "description", "pairs", "needs"}
    for preset in PRESETS.values():
        for field in fields(preset):
            value = getattr(preset, field.name)
            if field.name not in in_words and value is not None:
                option = {"map_kinds": "map"}.get(field.name, field.name.replace("_", "-"))
                text = ",".join(value) if isinstance(value, tuple) else value
                said = f"`--{option}`" if value is True else f"`--{option} {text}`"
                assert said in rows[preset.name]
