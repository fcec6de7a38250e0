"""Every way in which the screen and a recording can end, in a real terminal, over a real target."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from kernel_harness import TargetProcess, kernel_objects, surviving, wait_until
from pseudo_terminal import ProgramInTerminal

from twtui.commands.recorded import final_snapshot
from twtui.recording import Recording

StartTarget = Callable[..., TargetProcess]
_CRASH = "crash"
_PROGRAM = f"""
import pathlib, sys
from twtui.commands.progress import Progress
from twtui.ui.widgets.panes import CallbacksPane

def crashing(function):
    def instead(*arguments, **named):
        if pathlib.Path("{_CRASH}").exists():
            raise RuntimeError("a fault of ours")
        return function(*arguments, **named)
    return instead

CallbacksPane.render_line = crashing(CallbacksPane.render_line)
Progress.watch = crashing(Progress.watch)
from twtui.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""The program itself, with two functions that raise an exception when a file appears."""


@dataclass
class Running:
    """A started command that watches a target and records it."""

    terminal: ProgramInTerminal
    kernel_pid: int
    recording: Path
    is_screen: bool

    def quit(self) -> None:
        """As a person leaves: by a key, or by Ctrl-C where there is no screen."""
        self.terminal.press(b"q" if self.is_screen else b"\x03")

    def send(self, number: signal.Signals) -> None:
        self.terminal.process.send_signal(number)

    def crash(self) -> None:
        (self.recording.parent / _CRASH).touch()

    def lose_kernel_process(self, number: signal.Signals) -> None:
        """The screen says so and stays, until it is left."""
        os.kill(self.kernel_pid, number)
        self.terminal.until_text("ended unexpectedly")
        if self.is_screen:
            self.terminal.press(b"q")


@dataclass(frozen=True)
class Ending:
    """One way to end."""

    act: Callable[[Running], None]
    code: int = 0
    orderly: bool = True
    """The ledger is settled, and a recording has its end."""
    has_terminal: bool = True
    """There is one to look at afterwards, and someone who could have restored it."""
    says: str = ""
    only: str = ""
    """``screen`` or ``record``, where it is not an ending of both."""


ENDINGS = {
    "quit": Ending(Running.quit),
    "ctrl-c": Ending(lambda run: run.terminal.press(b"\x03")),
    "SIGINT": Ending(lambda run: run.send(signal.SIGINT)),
    "SIGTERM": Ending(lambda run: run.send(signal.SIGTERM)),
    "SIGHUP": Ending(lambda run: run.send(signal.SIGHUP)),
    "closed terminal": Ending(lambda run: run.terminal.close_terminal(), has_terminal=False),
    "a widget crashes": Ending(
        Running.crash, 1, says="internal error: RuntimeError", only="screen"
    ),
    "the command crashes": Ending(
        Running.crash, 1, orderly=False, says="internal error: RuntimeError", only="record"
    ),
    "the kernel process crashes": Ending(
        lambda run: run.lose_kernel_process(signal.SIGSEGV), 1, orderly=False,
        says="ended unexpectedly (signal 11)",
    ),
    "the kernel process is killed": Ending(
        lambda run: run.lose_kernel_process(signal.SIGKILL), 1, orderly=False,
        says="ended unexpectedly (signal 9)",
    ),
    "killed": Ending(
        # nobody is left who could restore the terminal
        lambda run: run.send(signal.SIGKILL), -signal.SIGKILL, orderly=False, has_terminal=False
    ),
}  # fmt: skip


_CASES = [
    (command, name)
    for name, ending in ENDINGS.items()
    for command in ("screen", "record")
    if ending.only in ("", command)
]


@pytest.fixture
def running(command: str, start_target: StartTarget, tmp_path: Path) -> Iterator[Running]:
    target = start_target("spin", 1)
    is_screen = command == "screen"
    words = ["-p", str(target.pid), "--trigger", "sample", "--map", "all"]
    if not is_screen:
        words = ["record", *words, "-o", "run.twtui"]
    environ = {
        **os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm-256color"
    }  # fmt: skip
    with ProgramInTerminal([sys.executable, "-c", _PROGRAM, *words], tmp_path, environ) as terminal:
        if is_screen:
            terminal.until_text("● live")
            terminal.press(b"r")
            terminal.until_text("Record the run")
            terminal.press(b"\r")
        terminal.until(lambda: list(tmp_path.glob("*.twtui")))
        (recording,) = tmp_path.glob("*.twtui")
        # a reading comes after the events that it counts
        terminal.until(lambda: _completed_of(recording) > 0)
        (child,) = psutil.Process(terminal.process.pid).children()
        yield Running(terminal, child.pid, recording, is_screen)
        assert target.process.poll() is None, "the target was disturbed"
        before = _cpu_ticks(target.pid)
        wait_until(lambda: _cpu_ticks(target.pid) > before)


def _events_of(path: Path) -> int:
    with Recording(path) as recording:
        return recording.event_count


def _completed_of(path: Path) -> int:
    with Recording(path) as recording:
        return final_snapshot(recording).total.completed


def _cpu_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


@pytest.mark.parametrize(("command", "name"), _CASES)
def test_an_ending(running: Running, name: str) -> None:
    ending, terminal = ENDINGS[name], running.terminal
    objects = kernel_objects(running.kernel_pid)
    assert all(objects.values())
    assert surviving(objects) == objects
    ending.act(running)
    assert terminal.wait() == ending.code
    wait_until(lambda: not surviving(objects))
    wait_until(lambda: not psutil.pid_exists(running.kernel_pid))
    assert "Traceback" not in terminal.text
    assert ending.says in terminal.text
    if ending.has_terminal:
        assert terminal.is_as_before, terminal.modes
        if running.is_screen:
            assert terminal.modes, "no mode was ever set: the test proves nothing"
    with Recording(running.recording) as recording:
        assert recording.event_count > 0
        assert recording.whole == ending.orderly
        last = final_snapshot(recording, 10)
    assert last.total.completed > 0
    if ending.orderly:
        assert last.invariants
        assert not last.broken
        assert last.total.pending == 0


def test_a_terminal_that_goes_without_a_signal(start_target: StartTarget, tmp_path: Path) -> None:
    """Where the terminal is not the controlling one nobody sends SIGHUP: the next write fails."""
    target = start_target("spin", 1)
    environ = {**os.environ, "HOME": str(tmp_path), "TERM": "xterm-256color"}
    with ProgramInTerminal(
        [sys.executable, "-m", "twtui", "-p", str(target.pid)], tmp_path, environ, controlling=False
    ) as terminal:
        terminal.until_text("● live")
        (child,) = psutil.Process(terminal.process.pid).children()
        objects = kernel_objects(child.pid)
        assert all(objects.values())
        terminal.close_terminal()
        assert terminal.wait() == 0
        wait_until(lambda: not surviving(objects))


def test_who_was_told_to_ignore_sighup_goes_on(start_target: StartTarget, tmp_path: Path) -> None:
    """As ``nohup twtui record`` wants it."""
    target = start_target("spin", 1)
    words = ["record", "-p", str(target.pid), "-o", "run.twtui"]
    path = tmp_path / "run.twtui"
    with ProgramInTerminal(
        ["nohup", sys.executable, "-m", "twtui", *words], tmp_path, dict(os.environ)
    ) as terminal:
        terminal.until(path.exists)
        terminal.until(lambda: _events_of(path) > 0)
        terminal.close_terminal()
        seen = _events_of(path)
        wait_until(lambda: _events_of(path) > seen)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 0
    with Recording(path) as recording:
        assert recording.whole
