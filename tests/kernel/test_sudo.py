"""An ordinary user and sudo: who runs what, who is asked when, and whose the files are.

Sudo is the real one. Its rules, and a password for the user, are put in place in a mount namespace
that only the test's own processes are in; the machine's files stay as they are.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kernel_harness import (
    NOBODY,
    PATIENCE_S,
    TargetProcess,
    kernel_objects,
    needs_readable_python,
    surviving,
    wait_until,
)

StartTarget = Callable[..., TargetProcess]
PASSWORD = "open sesame"
PROBE = ("--trigger", "probe:20hz", "--capture", "none", "--json")

pytestmark = [
    pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    for name in ("sudo", "openssl", "unshare")
]


class OrdinaryUser:
    """Runs commands as a user of the machine whom sudo trusts as far as the rules say."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.home = place / "home"
        self.home.mkdir()
        os.chown(self.home, NOBODY, NOBODY)
        place.chmod(0o755)
        (place / "sudoers.d").mkdir()
        crypted = subprocess.run(
            ["openssl", "passwd", "-6", PASSWORD], capture_output=True, text=True, check=True
        ).stdout.strip()
        shadow = re.sub(
            r"(?m)^nobody:[^:]*:", f"nobody:{crypted}:", Path("/etc/shadow").read_text()
        )
        (place / "shadow").write_text(shadow)
        (place / "shadow").chmod(0o600)

    def trusted(self, rule: str) -> None:
        """Sudo's rule for the user."""
        rules = self._place / "sudoers.d" / "test"
        rules.write_text(f"{rule}\n")
        rules.chmod(0o440)

    def command(self, *words: object) -> list[str]:
        """The words of a command of the user's."""
        mounts = (
            f"mount --bind {self._place}/sudoers.d /etc/sudoers.d"
            f" && mount --bind {self._place}/shadow /etc/shadow"
            " && mount -t tmpfs none /run/sudo && cd / && exec \"$@\""
        )  # fmt: skip
        return [
            "unshare", "--mount", "sh", "-c", mounts, "sh",
            "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all",
            "env", f"HOME={self.home}", *map(str, words),
        ]  # fmt: skip

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Without a terminal."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=90,
            start_new_session=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip


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


def capabilities(pid: int) -> int:
    return int(re.findall(r"CapPrm:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())[0], 16)


def uids(pid: int) -> set[str]:
    return set(re.findall(r"Uid:(.*)", Path(f"/proc/{pid}/status").read_text())[0].split())


def descendants(pid: int) -> list[int]:
    """Every process below one, nearest first."""
    below: list[int] = []
    queue = [pid]
    while queue:
        children = Path(f"/proc/{queue[0]}/task/{queue[0]}/children")
        queue[0:1] = found = [int(one) for one in children.read_text().split()]
        below += found
    return below


def named(pids: list[int], word: str) -> int:
    """The one of these processes whose Python module is the named one."""
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if command[0] == os.fsencode(sys.executable) and word.encode() in command:
            return pid
    return 0


def kernel_process_beside(pid: int) -> int:
    """That of the same mount namespace: sudo has put it in the background, so it is no child."""
    namespace = os.readlink(f"/proc/{pid}/ns/mnt")  # noqa: PTH115
    beside = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and os.readlink(entry / "ns/mnt") == namespace:  # noqa: PTH115
                beside.append(int(entry.name))
    found = named(beside, "twtui.kernel")
    assert found, "no kernel process"
    return found


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
    assert said[:2] == [str(NOBODY), "/nonexistent"]
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


class Typist:
    """A command in a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(command[0], command)
        self.seen = ""

    def until(self, words: str) -> None:
        """Until it has printed these words."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self._read(0.1)

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return True
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # the last writer has closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def ends(self) -> int:
        """Its exit code."""
        while self._read(PATIENCE_S):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)


def test_the_password_is_asked_for_before_the_screen_and_once(
    user: OrdinaryUser, start_target: StartTarget
) -> None:
    user.trusted(WITH_PASSWORD)
    target = start_target("spin", 1)
    typist = Typist(user.command(*TWTUI, "-p", target.pid))
    prompt = "password for nobody, to load BPF programs: "
    typist.until(prompt)
    assert "\x1b[?1049h" not in typist.seen
    typist.types("wrong\n")
    # what is typed before the prompt is shown, as the terminal does that and not sudo
    typist.until(f"Sorry, try again.\r\n[sudo] {prompt}")
    typist.types(PASSWORD + "\n")
    # Textual has the terminal now, and a run is on
    typist.until("\x1b[?1049h")
    typist.until("scheduled")
    kernel = kernel_process_beside(typist.pid)
    wait_until(lambda: bool(kernel_objects(kernel)["link"]))
    objects = kernel_objects(kernel)
    typist.types("q")
    assert typist.ends() == 0
    assert PASSWORD not in typist.seen
    wait_until(lambda: not surviving(objects))


def test_a_refused_password_is_our_error(user: OrdinaryUser, start_target: StartTarget) -> None:
    user.trusted(WITH_PASSWORD + "\nDefaults:nobody passwd_tries=1")
    target = start_target("spin", 1)
    typist = Typist(user.command(*TWTUI, "record", "-p", target.pid, *PROBE))
    typist.until("to load BPF programs: ")
    typist.types("wrong\n")
    assert typist.ends() == 5
    assert "twtui: sudo does not start the kernel process" in typist.seen
    assert "sudo -l" in typist.seen


def test_ctrl_c_ends_the_run_and_not_the_kernel_process(
    user: OrdinaryUser, start_target: StartTarget
) -> None:
    user.trusted(WITH_PASSWORD)
    target = start_target("spin", 1)
    typist = Typist(user.command(*TWTUI, "record", "-p", target.pid, *PROBE))
    typist.until("to load BPF programs: ")
    typist.types(PASSWORD + "\n")
    typist.until('"type":"event"')
    typist.types("\x03")
    assert typist.ends() == 0
    last = typist.seen.strip().splitlines()[-1]
    assert all(json.loads(last)["invariants"].values())
