"""A command that we start: held until it may go, with its own identity, and always collected."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from kernel_harness import wait_until

from twtui.commands.started import StartedCommand
from twtui.errors import UsageError

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="takes root")


def has_become_another(pid: int) -> bool:
    """It does not run this Python any more; what it runs may be a program for many commands."""
    return Path(f"/proc/{pid}/exe").readlink() != Path("/proc/self/exe").readlink()


def is_held(pid: int, name: str) -> bool:
    """It sleeps, under the name that it will have."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return f"({name}) S " in text


def ended(command: StartedCommand) -> str:
    """How it ended by itself."""
    os.waitid(os.P_PID, command.pid, os.WEXITED | os.WNOWAIT)
    return command.finish()


def test_it_runs_only_when_it_may_go(tmp_path: Path) -> None:
    there = tmp_path / "there"
    with StartedCommand(["touch", str(there)]) as command:
        wait_until(lambda: is_held(command.pid, "touch"))
        assert not has_become_another(command.pid)
        assert not there.exists()
        command.go()
        assert ended(command) == "touch ended with exit code 0"
    assert there.exists()


def test_its_exit_code_and_signal_are_told() -> None:
    with StartedCommand(["sh", "-c", "exit 7"]) as command:
        command.go()
        assert ended(command) == "sh ended with exit code 7"
        assert command.finish() == "sh ended with exit code 7"
    with StartedCommand(["sh", "-c", "kill -9 $$"]) as command:
        command.go()
        assert ended(command) == "sh was ended by SIGKILL"


def test_one_that_still_runs_is_ended() -> None:
    with StartedCommand(["sleep", "100"]) as command:
        command.go()
        wait_until(lambda: has_become_another(command.pid))
        assert command.finish() == "sleep was ended by SIGTERM"


def test_one_that_may_never_go_leaves_nothing(tmp_path: Path) -> None:
    there = tmp_path / "there"
    with StartedCommand(["touch", str(there)]) as command:
        pass
    assert not Path(f"/proc/{command.pid}").exists()
    assert not there.exists()


def test_it_has_the_signals_of_a_program(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with StartedCommand(["sh", "-c", f"grep SigIgn /proc/self/status >{out}"]) as command:
        command.go()
        ended(command)
    assert int(out.read_text().split()[1], 16) & (1 << 12 | 1 << 24) == 0


def test_an_unknown_program_is_refused() -> None:
    with pytest.raises(UsageError, match="no program 'nosuch'"):
        StartedCommand(["nosuch"])


@ROOT_ONLY
def test_under_sudo_it_is_the_users(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    out = tmp_path / "out"
    environ = {**os.environ, "SUDO_UID": "65534", "SUDO_GID": "65534"}
    words = [
        "sh",
        "-c",
        f"(grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status; echo $HOME) >{out}",
    ]
    # the folders of a test run are closed to others
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and parent != Path("/tmp") and len(parent.parts) > 2:
            parent.chmod(parent.stat().st_mode | 0o011)
    with StartedCommand(words, environ) as command:
        command.go()
        assert ended(command) == "sh ended with exit code 0"
    lines = out.read_text().splitlines()
    assert lines[0].split() == ["Uid:", *["65534"] * 4]
    assert lines[1].split() == ["Gid:", *["65534"] * 4]
    assert lines[2].split()[1:] == ["65534"]
    assert int(lines[3].split()[1], 16) == 0
    assert lines[4] == pwd.getpwuid(65534).pw_dir
