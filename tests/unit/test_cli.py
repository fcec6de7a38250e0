"""The command line: what is printed where, and with which exit code; never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twtui import __version__
from twtui.backend.demo import DemoBackend
from twtui.commands import table as commands
from twtui.errors import (
    CompileError,
    LossError,
    NoSuchTargetError,
    PermissionDeniedError,
    TwtuiError,
    UnsupportedError,
    UsageError,
)
from twtui.model.plan import Plan
from twtui.settings.table import COMMANDS

from .cli_machine import NOT_ROOT, Machine, Ran

HEAVY = (
    "textual",
    "rich",
    "bcc",
    "psutil",
    "ctypes",
    "twtui.model",
    "twtui.wire.layout",
    "twtui.engine",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_version_go_to_standard_output(machine: Machine, command: str) -> None:
    words = [command] if command else []
    assert machine.run(*words, "--version") == Ran(0, f"twtui {__version__}\n", [])
    code, out, err = machine.run(*words, "-h")
    assert (code, err) == (0, [])
    assert out.startswith(f"usage: twtui {command}".strip())


def test_help_names_the_other_commands(machine: Machine) -> None:
    out = machine.run("--help").out
    for command in filter(None, COMMANDS):
        assert f"twtui {command}" in out


@pytest.mark.parametrize(
    "words",
    [
        ("--bogus",),
        ("record", "--bogus"),
        ("record", "-p"),
        ("record", "-p", "x"),
        ("record", "-p", "5", "-m", "both"),
        ("record", "-p", "5", "-d", "soon"),
        ("record", "-p", "5", "-c", "0"),
        ("record", "-p", "5", "--capture", "str("),
        ("record", "-p", "5", "--trigger", "nosuch"),
        ("record", "-p", "5", "--trigger", "syscall:read", "-m", "signal"),
        ("record", "-p", "5", "--log-file", "/nonexistent/log"),
        ("record", "-n", "["),
        ("record",),
        ("-v", "record"),
        ("4242",),
        ("nosuch",),
        ("doctor", "-p", "5"),
        ("--json",),
        ("demo", "-d", "5"),
    ],
)
def test_a_wrong_request_is_said_in_two_lines(machine: Machine, words: tuple[str, ...]) -> None:
    code, out, err = machine.run(*words)
    assert (code, out) == (2, "")
    assert err[0].startswith("twtui: ")
    assert len(err) >= 2
    assert not any("Traceback" in line for line in err)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TwtuiError("x", "do"), 1),
        (UsageError("x", "do"), 2),
        (LossError("x", "do"), 3),
        (UnsupportedError("x", "do"), 4),
        (CompileError("x", "do", "a long log\nof many lines"), 4),
        (PermissionDeniedError("x", "do"), 5),
        (NoSuchTargetError("x", "do"), 6),
    ],
)
def test_an_error_is_two_lines_and_its_code(machine: Machine, error: TwtuiError, code: int) -> None:
    assert machine.raising(error) == Ran(code, "", ["twtui: x", "do"])


def test_an_error_without_a_hint_is_one_line(machine: Machine) -> None:
    assert machine.raising(TwtuiError("x")).err == ["twtui: x"]


def test_an_interrupt_says_nothing(machine: Machine) -> None:
    assert machine.raising(KeyboardInterrupt()) == Ran(130, "", [])


def test_a_missing_package_is_named(machine: Machine) -> None:
    code, _, err = machine.raising(ModuleNotFoundError("no", name="textual.app"))
    assert (code, err[0]) == (4, "twtui: the Python package textual is missing")
    assert "pip install textual" in err[1]


def test_a_bug_is_said_in_two_lines(machine: Machine) -> None:
    code, _, err = machine.raising(ZeroDivisionError("by zero"))
    assert code == 1
    assert err[0] == "twtui: internal error: ZeroDivisionError: by zero"
    assert len(err) == 2


def test_no_such_target(machine: Machine) -> None:
    assert machine.run("record", "-p", "404").code == 6


def test_record_writes_json_lines(machine: Machine) -> None:
    code, out, err = machine.run("record", "-p", "5", "-c", "3", "--json")
    assert (code, err) == (0, [])
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["type"] for line in lines] == ["header", "event", "event", "event", "summary"]
    assert lines[0]["argv"] == ["twtui", "record", "-p", "5", "-c", "3", "--json"]
    assert lines[0]["plan"]["targets"][0]["pid"] == 5


def test_doctor_works(machine: Machine) -> None:
    machine.checks = [{**NOT_ROOT, "answer": "yes"}]
    code, out, _ = machine.run("doctor", "--json")
    assert code == 0
    assert [check["answer"] for check in json.loads(out)["checks"]] == ["yes"]


def test_doctor_tries_program_types_only_when_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = {"type": "XDP", "kfunc": "schedule_signal", "answer": "accepted", "detail": ""}
    monkeypatch.setattr(commands, "trials", lambda: 1 / 0)
    assert "programs" not in json.loads(machine.run("doctor", "--json").out)
    monkeypatch.setattr(commands, "trials", lambda: [trial])
    assert json.loads(machine.run("doctor", "--programs", "--json").out)["programs"] == [trial]


def test_doctor_says_what_is_wrong_by_its_code(machine: Machine) -> None:
    machine.checks = [NOT_ROOT]
    code, out, _ = machine.run("doctor")
    assert code == 5
    assert "use sudo" in out


def test_a_compilers_words_go_to_the_log_file(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live_backend(plan: Plan) -> DemoBackend:
        raise CompileError("it does not compile", "see the log", "line 7: no such struct")

    monkeypatch.setattr(commands, "live_backend", live_backend)
    log = tmp_path / "log"
    code, _, err = machine.run("record", "-p", "5", "--log-file", str(log))
    assert (code, err) == (4, ["twtui: it does not compile", "see the log"])
    assert "line 7: no such struct" in log.read_text()


def python(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60, check=False, **options
    )


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["record", "--help"], ["--bogus"]])
def test_nothing_heavy_is_imported_to_say_little(words: list[str]) -> None:
    program = (
        "import sys; from twtui import cli; cli.main(sys.argv[1:]);"
        f"sys.stderr.write(repr([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = python("-c", program, *words)
    assert done.stderr.endswith("[]")


def test_the_module_runs() -> None:
    done = python("-m", "twtui", "--version")
    assert (done.returncode, done.stdout) == (0, f"twtui {__version__}\n")


def test_a_closed_pipe_is_no_error() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "twtui", "--help"],
            stdout=writes,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
            env={name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("recrod",), "record"), (("record", "--trigre=x"), "--trigger"), (("--zzzzzz",), "")],
)
def test_what_may_have_been_meant_is_asked(
    machine: Machine, words: tuple[str, ...], meant: str
) -> None:
    ran = machine.run(*words)
    assert ran.code == 2
    assert ran.err[1].startswith(f"is {meant} meant? twtui" if meant else "twtui --help")
