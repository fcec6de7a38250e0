"""Recordings and commands that are processes of their own: pipes, a full disk, another user, a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .recordings import recorded_demo


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_demo(tmp_path_factory.mktemp("processes") / "run.twtui")


def twtui(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twtui", *(str(word) for word in words)]
    return subprocess.run(command, text=True, timeout=60, check=False, **options)


def test_lines_are_replayed_from_standard_input(path: Path) -> None:
    lines = twtui("export", path, capture_output=True).stdout
    done = twtui("replay", "-", "--assert", "events > 100", input=lines, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = twtui("replay", "-", "--assert", "events < 1", input=lines, capture_output=True)
    assert done.returncode == 3
    done = twtui("replay", "-", "--fail-on-loss", input="no lines\n", capture_output=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("form", ["jsonl", "csv", "chrome"])
def test_a_closed_pipe_is_no_error(path: Path, form: str) -> None:
    command = [sys.executable, "-m", "twtui", "export", str(path), "-f", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout
        assert export.stderr
        assert export.stdout.readline()
        export.stdout.close()
        assert (export.stderr.read(), export.wait(30)) == (b"", 0)


def test_a_full_disk_is_one_line(path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = twtui("export", path, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith("twtui: cannot write to standard output: ")
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_anybody_can_read_a_recording_of_theirs(path: Path, tmp_path: Path) -> None:
    """As nobody, from a directory that nobody may write to, with nothing of BCC in sight."""
    mine = Path("/tmp") / f"twtui-test-{os.getpid()}"
    mine.write_bytes(path.read_bytes())
    os.chown(mine, 65534, 65534)
    program = (
        "import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "sys.modules['bcc'] = None; from twtui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    try:
        for words in (["report"], ["export"], ["replay", "--assert", "rescued > 0"]):
            done = subprocess.run(
                [sys.executable, "-c", program, words[0], str(mine), *words[1:]],
                capture_output=True, text=True, timeout=60, check=False, cwd="/",
            )  # fmt: skip
            if "Permission denied" in done.stderr and "twtui" not in done.stdout:
                pytest.skip("nobody may not read this checkout")
            assert (done.returncode, done.stderr) == (0, "")
    finally:
        mine.unlink()


def test_progress_goes_to_a_terminal_on_standard_error(tmp_path: Path) -> None:
    program = (
        "import sys; from twtui import cli; from twtui.commands import table as commands;"
        "from twtui.backend.demo import DemoBackend;"
        "from twtui.model.plan import Target; import twtui.processes;"
        "commands.live_backend = lambda plan: DemoBackend();"
        "twtui.processes.find_target = lambda pid: Target(pid, 1, 'shop');"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    ours, theirs = pty.openpty()
    words = ["record", "-p", "5", "-d", "1s", "-o", str(tmp_path / "a")]
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False, text=True
    )
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "events   fired" in said
    assert "drops 0" in said
    assert said.endswith("\r\x1b[K")
    assert "\x1b" not in done.stdout
