"""Another machine's processes, through ``--host``: the same lines, the same screen, failures in words.

The network is left out: where ssh is looked for stands a program that takes ssh's words, checks
them, and runs the command here in a shell with no environment, as ssh does there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_harness import PATIENCE_S, TargetProcess, kernel_objects, surviving, wait_until
from pseudo_terminal import ProgramInTerminal
from test_record import lines_of

StartTarget = Callable[..., TargetProcess]
THERE = f"{sys.executable} -I -m twtui.kernel"
SSH = """#!/bin/sh
[ "$1" = -T ] || exit 99
shift
[ "$1" = -o ] && shift 2
[ "$1" = -- ] || exit 99
[ "$2" = box ] || { echo "ssh: Could not resolve hostname $2" >&2; exit 255; }
exec env -i PATH="/usr/bin:/bin" HOME=/ sh -c "$3"
"""


class Here:
    """This machine, from which the other is watched."""

    def __init__(self, folder: Path) -> None:
        (folder / "ssh").write_text(SSH)
        (folder / "ssh").chmod(0o755)
        self.folder = folder
        self.environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}

    def command(
        self, name: str, *words: object, host: str = "box", there: str = THERE
    ) -> list[str]:
        """A command of twtui, by its name; the screen has none."""
        where = [f"--host={host}", f"--host-command={there}"]
        return [sys.executable, "-m", "twtui", *filter(None, [name]), *where, *map(str, words)]

    def run(
        self, name: str, *words: object, host: str = "box", there: str = THERE
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *words, host=host, there=there),
            capture_output=True, text=True, timeout=3 * PATIENCE_S, env=self.environ,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_its_events_and_its_ledger_are_as_if_they_were_ours(
    here: Here, start_target: StartTarget
) -> None:
    target = start_target("spin", 1)
    capture = f"str({target.address:#x})"
    done = here.run("record", "-p", target.pid, "--capture", capture, "-c", 30, "--json")
    assert done.returncode == 0, done.stderr
    header, events, summary = lines_of(done.stdout)
    assert header["kernel"] == os.uname().release
    assert {event["text"] for event in events} == {target.text.decode()}
    assert {event["pid"] for event in events} == {target.pid}
    assert all(summary["invariants"].values()), summary["invariants"]


def test_a_recording_says_where_it_is_from(here: Here, start_target: StartTarget) -> None:
    target, out = start_target("spin", 1), here.folder / "run.twtui"
    done = here.run("record", "-p", target.pid, "-c", 5, "-o", out)
    assert done.returncode == 0, done.stderr
    report = subprocess.run(
        [sys.executable, "-m", "twtui", "report", out], capture_output=True, text=True, check=True
    )
    assert "on box" in report.stdout


def test_its_processes_are_found_by_name(here: Here, start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    name = f"^{Path('/proc', str(target.pid), 'comm').read_text().strip()}$"
    done = here.run("record", "-n", name, "-c", 5, "--json")
    assert done.returncode == 0, done.stderr
    header, events, _ = lines_of(done.stdout)
    assert target.pid in {one["pid"] for one in header["plan"]["targets"]}
    assert events


def test_its_doctor_answers(here: Here) -> None:
    done = here.run("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.uname().release in done.stdout


@pytest.mark.parametrize(
    ("words", "host", "there", "code", "says"),
    [
        (("-p", 1 << 22), "box", THERE, 6, "no process on box has PID"),
        (("-p", 2), "box", THERE, 6, "kernel threads"),
        (("-t", 1), "box", THERE, 2, "names a thread of this machine"),
        (("--", "true"), "box", THERE, 2, "a command is started here"),
        (("-p", 1), "nowhere", THERE, 1, "Could not resolve hostname nowhere"),
        (("-p", 1), "box", "no-such-program", 4, "box has no no-such-program"),
        (("-p", 1), "box", "echo hello", 1, "box"),
        (("-p", 1), "-oProxyCommand=id", THERE, 2, "bad host"),
    ],
)
def test_what_cannot_be_is_said(
    here: Here, words: tuple[object, ...], host: str, there: str, code: int, says: str
) -> None:
    done = here.run("record", *words, host=host, there=there)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_person_picks_one_of_its_processes(here: Here, start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    with ProgramInTerminal(
        here.command(""), here.folder, {**here.environ, "TERM": "xterm"}
    ) as terminal:
        terminal.until_text("which process on box?")
        terminal.press(f"/^{target.pid}.*target/".encode())
        terminal.until_text(f"Enter watches target {target.pid}")
        terminal.press(b"\r")
        terminal.until_text("twtui ▸ box ▸ target")
        terminal.until_text("live 00:00:01")
        terminal.press(b"q")
        assert terminal.wait() == 0
        assert terminal.is_as_before


def test_a_lost_connection_is_said_and_leaves_nothing(
    here: Here, start_target: StartTarget
) -> None:
    target = start_target("spin", 1)
    pid_file = here.folder / "pid"
    there = f"echo $$ > {pid_file}; exec {THERE}"
    with subprocess.Popen(
        here.command("record", "-p", target.pid, "--json", there=there),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=here.environ,
        stdin=subprocess.DEVNULL, start_new_session=True,
    ) as run:  # fmt: skip
        assert run.stdout
        assert '"header"' in run.stdout.readline()
        kernel_pid = int(pid_file.read_text())
        objects = kernel_objects(kernel_pid)
        assert objects["prog"]
        os.kill(kernel_pid, 9)
        _, said = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "the kernel process on box ended unexpectedly" in said
    assert "Traceback" not in said
    wait_until(lambda: not surviving(objects))
