"""An ordinary user of this machine, with sudo, a password and a home, in a mount namespace of the test's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from nobody import NOBODY

PASSWORD = "open sesame"


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
