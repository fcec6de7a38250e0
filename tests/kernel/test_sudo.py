"""An ordinary user and sudo: who runs what, who is asked when, and whose the files are.

Sudo is the real one. Its rules, and a password for the user, are put in place in a mount namespace
that only the test's own processes are in; the machine's files stay as they are.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kernel_harness import PATIENCE_S, TargetProcess, kernel_objects, surviving, wait_until
from nobody import NOBODY, needs_readable_python
from ordinary_user import (
    PASSWORD,
    OrdinaryUser,
    capabilities,
    descendants,
    kernel_process_beside,
    named,
    uids,
)
from pseudo_terminal import ProgramInTerminal

StartTarget = Callable[..., TargetProcess]
SCREEN = b"\x1b[?1049h"
"""The alternate screen, which Textual takes."""
PROBE = ("--trigger", "probe:20hz", "--capture", "none", "--json")

pytestmark = [
    pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    for name in ("sudo", "openssl", "unshare")
]


@pytest.fixture
def user() -> Iterator[OrdinaryUser]:
    needs_readable_python()
    Path("/run/sudo").mkdir(exist_ok=True)
    with TemporaryDirectory() as place:
        yield OrdinaryUser(Path(place))


ALL = "nobody ALL=(root) NOPASSWD: ALL"
WITH_PASSWORD = "nobody ALL=(root) ALL\nDefaults:nobody timestamp_timeout=0"
TWTUI = (sys.executable, "-m", "twtui")


def lines_of(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert lines[-1]["type"] == "summary"
    assert all(lines[-1]["invariants"].values())
    return lines


@pytest.mark.parametrize("before", [(), ("sudo",)])
def test_only_the_kernel_process_has_rights(
    user: OrdinaryUser, start_target: StartTarget, before: tuple[str, ...]
) -> None:
    user.trusted(ALL)
    target = start_target("spin", 1)
    command = user.command(*before, *TWTUI, "record", "-p", target.pid, *PROBE)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, start_new_session=True
    ) as run:
        assert run.stdout
        first = run.stdout.readline()
        pids = [run.pid, *descendants(run.pid)]
        screen, kernel = named(pids, "twtui"), named(pids, "twtui.kernel")
        assert uids(screen) == {str(NOBODY)}
        assert capabilities(screen) == 0
        assert uids(kernel) == {"0"}
        objects = kernel_objects(kernel)
        assert objects["prog"]
        assert not any(kernel_objects(screen).values())
        os.kill(screen, signal.SIGINT)
        rest = run.stdout.read()
    assert run.returncode == 0
    lines_of(first + rest)
    wait_until(lambda: not surviving(objects))


def test_through_sudo_files_and_commands_are_the_users(user: OrdinaryUser) -> None:
    user.trusted(ALL)
    (user.home / ".config").mkdir()
    out = user.home / "run.twtui"
    show = "id -u; echo $HOME; grep CapPrm /proc/self/status"
    done = user.run(
        "sudo", *TWTUI, "record", *PROBE, "-o", out, "--", "sh", "-c", show
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert said[:2] == [str(NOBODY), pwd.getpwuid(NOBODY).pw_dir]
    assert int(said[2].split()[1], 16) == 0
    assert out.stat().st_uid == NOBODY
    assert out.stat().st_mode & 0o777 == 0o600
    lines_of(done.stdout)


def test_through_sudo_nothing_is_read_with_roots_rights(
    user: OrdinaryUser, start_target: StartTarget, tmp_path: Path
) -> None:
    user.trusted(ALL)
    secret = tmp_path / "secret.toml"
    secret.write_text("max-bytes = 'of root'\n")
    secret.chmod(0o600)
    target = start_target("spin", 1)
    for words in (
        ("record", "-p", target.pid, "--config", secret),
        ("record", "-p", target.pid, "--log-file", tmp_path / "log"),
        ("record", "-p", target.pid, "-o", tmp_path / "out"),
        ("report", secret),
    ):
        done = user.run("sudo", *TWTUI, *words)
        assert done.returncode in (1, 2), done.stderr
        assert "of root" not in done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["secret.toml"]


@pytest.mark.parametrize("prefix", [(), ("sudo",)], ids=["the doctor asks sudo", "sudo runs it"])
def test_program_types_are_tried_with_the_rights_of_a_run(
    user: OrdinaryUser, prefix: tuple[str, ...]
) -> None:
    user.trusted(ALL)
    done = user.run(*prefix, *TWTUI, "doctor", "--programs", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["programs"]
    assert "accepted" in {trial["answer"] for trial in found}
    assert "unknown" not in {trial["answer"] for trial in found}


def test_without_a_terminal_nobody_is_asked(user: OrdinaryUser, start_target: StartTarget) -> None:
    user.trusted(WITH_PASSWORD)
    target = start_target("spin", 1)
    done = user.run(*TWTUI, "record", "-p", target.pid, *PROBE)
    assert done.returncode == 5
    assert "password is required" in done.stderr
    assert "sudo twtui" in done.stderr


def test_one_whom_sudo_does_not_know_is_told(user: OrdinaryUser, start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    done = user.run(*TWTUI, "record", "-p", target.pid, *PROBE)
    assert done.returncode == 5
    assert "sudo does not start the kernel process" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_without_sudo_the_capabilities_are_named(
    user: OrdinaryUser, start_target: StartTarget
) -> None:
    target = start_target("spin", 1)
    done = user.run("PATH=/nonexistent", *TWTUI, "record", "-p", target.pid, *PROBE)
    assert done.returncode == 5
    assert "there is no sudo" in done.stderr
    assert "CAP_BPF and CAP_PERFMON" in done.stderr


def typed_into(command: list[str]) -> ProgramInTerminal:
    """A command in a terminal of its own."""
    return ProgramInTerminal(command, patience_s=PATIENCE_S)


def test_the_password_is_asked_for_before_the_screen_and_once(
    user: OrdinaryUser, start_target: StartTarget
) -> None:
    user.trusted(WITH_PASSWORD)
    target = start_target("spin", 1)
    with typed_into(user.command(*TWTUI, "-p", target.pid)) as terminal:
        prompt = "password for nobody, to load BPF programs: "
        terminal.until_seen(prompt)
        assert SCREEN not in terminal.output
        terminal.press(b"wrong\n")
        # what is typed before the prompt is shown, as the terminal does that and not sudo
        terminal.until_seen(f"Sorry, try again.\r\n[sudo] {prompt}")
        terminal.press(PASSWORD.encode() + b"\n")
        # Textual has the terminal now, and a run is on
        terminal.until(lambda: SCREEN in terminal.output)
        terminal.until_seen("scheduled")
        kernel = kernel_process_beside(terminal.process.pid)
        wait_until(lambda: bool(kernel_objects(kernel)["link"]))
        objects = kernel_objects(kernel)
        terminal.press(b"q")
        assert terminal.wait() == 0
        assert PASSWORD not in terminal.text
    wait_until(lambda: not surviving(objects))


def test_a_refused_password_is_our_error(user: OrdinaryUser, start_target: StartTarget) -> None:
    user.trusted(WITH_PASSWORD + "\nDefaults:nobody passwd_tries=1")
    target = start_target("spin", 1)
    with typed_into(user.command(*TWTUI, "record", "-p", target.pid, *PROBE)) as terminal:
        terminal.until_seen("to load BPF programs: ")
        terminal.press(b"wrong\n")
        assert terminal.wait() == 5
        assert "twtui: sudo does not start the kernel process" in terminal.text
        assert "sudo -l" in terminal.text


def test_ctrl_c_ends_the_run_and_not_the_kernel_process(
    user: OrdinaryUser, start_target: StartTarget
) -> None:
    user.trusted(WITH_PASSWORD)
    target = start_target("spin", 1)
    with typed_into(user.command(*TWTUI, "record", "-p", target.pid, *PROBE)) as terminal:
        terminal.until_seen("to load BPF programs: ")
        terminal.press(PASSWORD.encode() + b"\n")
        terminal.until_seen('"type":"event"')
        terminal.press(b"\x03")
        assert terminal.wait() == 0
        last = terminal.text.strip().splitlines()[-1]
    assert all(json.loads(last)["invariants"].values())
