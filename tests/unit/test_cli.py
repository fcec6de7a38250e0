"""The command line: what is printed where, and with which exit code; never a traceback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from twtui import __version__, cli, commands
from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.errors import (
    CompileError,
    LossError,
    NoSuchTargetError,
    PermissionDeniedError,
    TwtuiError,
    UnsupportedError,
    UsageError,
)
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Plan, Target
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.settings import COMMANDS

from .support import plan as make_plan

HEAVY = ("textual", "rich", "bcc", "psutil", "ctypes", "twtui.model", "twtui.wire", "twtui.engine")
NOT_ROOT = {
    "name": "privileges", "answer": "no", "detail": "not root", "fix": "use sudo",
    "required": True, "exit_code": 5,
}  # fmt: skip


class Ran(NamedTuple):
    code: int
    out: str
    err: list[str]


class Machine:
    """A machine on which the command line runs, with no kernel below and no screen above."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd
        self.checks: list[dict[str, Any]] = []
        self.shown: list[tuple[Any, Plan | None, Any]] = []
        self.settings: dict[str, Any] = {}
        self.last: Snapshot | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.failure: Exception | None = None
        monkeypatch.setattr(commands, "checks", lambda: self.checks)
        monkeypatch.setattr("twtui.backend.readiness.seems_able", lambda: not self.checks)
        monkeypatch.setattr(commands, "live_backend", lambda _plan: DemoBackend())
        monkeypatch.setattr("twtui.processes.find_target", self.find_target)
        monkeypatch.delenv("NO_COLOR", raising=False)
        machine = self

        class App:
            return_code = 0
            last_snapshot: Snapshot | None = None
            failure: Exception | None = None

            def __init__(self, *arguments: Any, **more: Any) -> None:
                machine.shown.append(arguments)
                machine.settings = more

            def run(self) -> None:
                machine.meanwhile()
                self.last_snapshot = machine.last
                self.failure = machine.failure

        monkeypatch.setattr("twtui.ui.app.TwtuiApp", App)

    @staticmethod
    def find_target(pid: int) -> Target:
        if pid == 404:
            raise NoSuchTargetError("no process has PID 404", "look it up")
        return Target(pid, 1, "shop")

    def have_terminal(self) -> None:
        self._monkeypatch.setattr("sys.stdin", Terminal())
        self._monkeypatch.setattr("sys.stdout", Terminal())

    def run(self, *words: str) -> Ran:
        code = cli.main(words)
        out, err = self._capfd.readouterr()
        return Ran(code, out, err.splitlines())

    def raising(self, error: BaseException) -> Ran:
        def run(arguments: Sequence[str]) -> int:
            raise error

        self._monkeypatch.setattr(cli, "_run", run)
        return self.run()


class Terminal:
    """Only says that it is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Machine]:
    yield Machine(monkeypatch, capfd)
    logger = logging.getLogger("twtui")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()


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


@pytest.mark.parametrize("words", [(), ("-p", "5"), ("demo",)])
def test_a_screen_needs_a_terminal(machine: Machine, words: tuple[str, ...]) -> None:
    code, _, err = machine.run(*words)
    assert code == 2
    assert "record" in err[1]
    assert machine.shown == []


def test_a_target_goes_straight_to_the_monitor(machine: Machine) -> None:
    machine.have_terminal()
    assert machine.run("-p", "5", "-m", "signal").code == 0
    make_backend, plan, defaults = machine.shown[0]
    assert plan is not None
    assert (plan.targets, plan.mode) == ((Target(5, 1, "shop"),), Mode.SIGNAL)
    assert make_backend is commands.live_backend
    assert defaults((Target(7),)).mode is Mode.SIGNAL


def test_without_a_target_there_is_a_picker(machine: Machine) -> None:
    machine.have_terminal()
    assert machine.run("--map", "array").code == 0
    _, plan, defaults = machine.shown[0]
    assert plan is None
    assert defaults((Target(7),)).map_kinds == (MapKind.ARRAY,)


def test_where_nothing_can_run_the_first_screen_says_why(machine: Machine) -> None:
    machine.have_terminal()
    machine.checks = [NOT_ROOT]
    # who leaves it at that is told once more, behind the screen
    assert machine.run() == Ran(5, "", ["twtui: not root", "use sudo"])
    _, plan, _ = machine.shown[0]
    assert plan is None
    findings = machine.settings["findings"]
    assert findings.problem.message == "not root"
    make_backend, plan = findings.demo()
    info = make_backend(plan).open(plan)
    assert info.reason.endswith("not root")
    machine.checks = []
    assert findings.look_again() == ([], None)


@pytest.mark.parametrize("instead", ["the demo", "a fix"])
def test_who_goes_on_from_the_first_screen_has_not_failed(machine: Machine, instead: str) -> None:
    machine.have_terminal()
    machine.checks = [NOT_ROOT]

    def go_on() -> None:
        if instead == "the demo":
            machine.last = Snapshot(RunState.LIVE, make_plan(), BackendInfo("demo"), Mode.RESUME)
        else:
            machine.checks = []
            machine.settings["findings"].look_again()

    machine.meanwhile = go_on
    assert machine.run() == Ran(0, "", [])


def test_where_nothing_can_run_the_demo_says_why(machine: Machine) -> None:
    machine.have_terminal()
    machine.checks = [NOT_ROOT]
    assert machine.run("demo", "--capture", "none").code == 0
    make_backend, plan, _ = machine.shown[0]
    assert plan is not None
    assert plan.targets == (DEMO_TARGET,)
    info = make_backend(plan).open(plan)
    assert (info.name, info.reason) == ("demo", "not root")


def test_where_nothing_can_run_the_demo_is_a_shipped_recording(machine: Machine) -> None:
    machine.have_terminal()
    machine.checks = [NOT_ROOT]
    assert machine.run("demo").code == 0
    make_backend, plan, _ = machine.shown[0]
    assert plan is not None
    backend = make_backend(plan)
    info = backend.open(plan)
    backend.close()
    assert info.name == "replay"
    assert info.reason == "recorded on Linux 6.18, because here: not root"


def test_filter_and_signs_reach_the_screen(machine: Machine) -> None:
    machine.have_terminal()
    assert machine.run("-p", "5", "--filter", "rescued", "--ascii").code == 0
    assert str(machine.settings["filter"]) == "rescued"
    assert machine.settings["glyphs"].ascii_only
    code, _, err = machine.run("-p", "5", "--filter", "pid:x")
    assert (code, "position 5" in err[0]) == (2, True)


def test_where_nothing_can_run_a_target_is_an_error(machine: Machine) -> None:
    machine.have_terminal()
    machine.checks = [NOT_ROOT]
    code, _, err = machine.run("-p", "5")
    assert (code, err) == (5, ["twtui: not root", "use sudo"])
    assert machine.shown == []


def test_a_run_that_failed_is_said_again_after_the_screen(machine: Machine) -> None:
    machine.have_terminal()
    machine.failure = CompileError("it was rejected", "see the log (-v)", "R1 invalid mem access")
    assert machine.run("-p", "5")[::2] == (4, ["twtui: it was rejected", "see the log (-v)"])


def test_a_screen_that_failed_is_a_fault_of_ours_in_two_lines(machine: Machine) -> None:
    machine.have_terminal()
    machine.failure = RuntimeError("a widget")
    ran = machine.run("-p", "5")
    assert ran.code == 1
    assert ran.err[0] == "twtui: internal error: RuntimeError: a widget"


def test_no_color_reaches_the_screen(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    machine.have_terminal()
    machine.run("--no-color")
    assert os.environ["NO_COLOR"] == "1"


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
