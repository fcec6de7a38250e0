"""What cannot be done is refused before anything is begun, and options are for the runs that can use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from twtui.commands.demo import RECORDING

from .cli_shell import Shell


@pytest.mark.parametrize(
    "words",
    [
        ("record", "-p", "5", "-o", "{dir}/no/a"),
        ("record", "-p", "5", "-o", "{dir}/there"),
        ("record", "-p", "5", "--redact", "("),
        ("record", "-p", "5", "--assert", "lsot == 0"),
        ("record", "-p", "5", "--filter", "pid:x"),
        ("record", "-p", "5", "--max-size", "big"),
        ("record", "-p", "5", "--max-size", "1m"),
        ("record", "-p", "5", "--force"),
        ("record", "-p", "5", "--registers"),
        ("record", "-p", "5", "-o", "{dir}/a", "--readings"),
        ("export", "{demo}", "--force"),
        ("export", "{demo}", "-f", "csv", "--readings"),
        ("replay", "{demo}", "--assert", "events > 0", "--filter", "garbage((("),
        ("replay",),
        ("replay", "a", "b"),
        ("replay", "{dir}/there"),
        ("replay", "x", "--speed", "0"),
        ("report", "{dir}/none"),
        ("report", "{dir}/there"),
        ("report", "{dir}/empty"),
        ("export", "{dir}/none"),
        ("export", "{dir}/none", "-f", "xml"),
        ("diff", "{dir}/none"),
        ("diff", "{dir}/none", "{dir}/none"),
    ],
)
def test_a_wrong_request_is_said_in_two_lines(
    shell: Shell, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "there").write_text("not a recording, and quite long enough to look at" * 9)
    (tmp_path / "empty").touch()
    code, out, err = shell.run(*(word.format(dir=tmp_path, demo=RECORDING) for word in words))
    assert (code in (1, 2), out) == (True, "")
    assert err[0].startswith("twtui: ")
    assert len(err) >= 2
    assert not any("Traceback" in line for line in err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "there"]


@pytest.mark.parametrize(("variable", "text"), [("TWTUI_MAX_SIZE", "1m"), ("TWTUI_REGISTERS", "1")])
def test_a_setting_is_for_the_runs_that_can_use_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    assert shell.run("record", "-p", 5, "-d", "100ms").code == 0


def test_registers_are_for_lines_and_for_recordings(shell: Shell, tmp_path: Path) -> None:
    for more in (("--json",), ("-o", tmp_path / "a")):
        assert shell.run("record", "-p", 5, "-d", "100ms", "--registers", *more).code == 0
