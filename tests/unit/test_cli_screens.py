"""The commands that show a screen: what they show, and what instead where nothing can run."""

from __future__ import annotations

import os

import pytest

from twtui.backend.demo import DEMO_TARGET
from twtui.commands import table as commands
from twtui.commands.demo import RECORDING
from twtui.errors import CompileError
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.plan import Target
from twtui.model.snapshot import BackendInfo, Snapshot

from .cli_machine import NOT_ROOT, Machine, Ran
from .support import plan as make_plan


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
    assert machine.settings["can_pick"] is False


def test_beside_a_recording_there_is_nothing_to_pick(machine: Machine) -> None:
    machine.have_terminal()
    assert machine.run("replay", str(RECORDING)).code == 0
    assert machine.settings["can_pick"] is False


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
    machine.run("--no-color", "--color")
    assert os.environ["NO_COLOR"] == "1"
    monkeypatch.setenv("TWTUI_NO_COLOR", "1")
    machine.run("--color")
    assert "NO_COLOR" not in os.environ
