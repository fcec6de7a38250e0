"""Rights beyond the caller's: noticed, and given up for good by a process that has them."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from twtui.rights import capabilities, may_load_programs

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
NOBODY = "65534"
SYS_ADMIN, PERFMON, BPF = 1 << 21, 1 << 38, 1 << 39
"""include/uapi/linux/capability.h"""
GIVE_UP = """
import os
from twtui.rights import has_more_than_caller, give_up
assert has_more_than_caller()
give_up()
assert not has_more_than_caller()
"""


def python(code: str, *prefix: str, **environ: str) -> list[str]:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", GIVE_UP + code],
        capture_output=True, text=True, env={**os.environ, **environ}, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("held", "enough"),
    [
        (SYS_ADMIN, True),
        (BPF | PERFMON, True),
        (BPF, False),
        (PERFMON, False),
        (0, False),
        (~(BPF | SYS_ADMIN) & (1 << 41) - 1, False),
    ],
)
def test_which_capabilities_are_enough(tmp_path: Path, held: int, enough: bool) -> None:
    status = tmp_path / "status"
    status.write_text(f"Name:\tx\nCapEff:\t{held:016x}\n")
    assert may_load_programs(status) is enough


@pytest.mark.parametrize("words", ["CapEff:\tfoo\n", "", "CapEff:\n"])
def test_what_cannot_be_read_is_none(tmp_path: Path, words: str) -> None:
    status = tmp_path / "status"
    status.write_text(words)
    assert capabilities(status) == 0
    assert capabilities(tmp_path / "missing") == 0


SHOW = """
print(*os.getresuid(), *os.getresgid(), *os.getgroups())
for line in open("/proc/self/status"):
    if line.startswith("Cap") and not line.startswith("CapBnd"):
        print(line.split()[1])
"""


@ROOT_ONLY
def test_root_through_sudo_becomes_the_caller_everywhere() -> None:
    ids = python(SHOW, SUDO_UID=NOBODY, SUDO_GID=NOBODY)
    assert ids[:6] == [NOBODY] * 6
    assert "0" not in ids[6:-4]
    # inheritable, permitted, effective, ambient
    assert [int(bits, 16) for bits in ids[-4:]] == [0] * 4


@ROOT_ONLY
@pytest.mark.parametrize(
    "attempt",
    ["os.setresuid(0, 0, 0)", "os.seteuid(0)", "os.setgroups([0])", "open('/etc/shadow')"],
)
def test_it_is_for_good(attempt: str) -> None:
    code = f"try:\n {attempt}\nexcept PermissionError:\n print('refused')"
    assert python(code, SUDO_UID=NOBODY, SUDO_GID=NOBODY) == ["refused"]


@ROOT_ONLY
def test_places_of_roots_are_forgotten() -> None:
    code = "print(os.environ['HOME'], os.environ.get('XDG_CACHE_HOME'))"
    sudo = {"SUDO_UID": NOBODY, "SUDO_GID": NOBODY, "HOME": "/root", "XDG_CACHE_HOME": "/root/x"}
    assert python(code, **sudo) == [pwd.getpwuid(int(NOBODY)).pw_dir, "None"]


@ROOT_ONLY
def test_ambient_capabilities_go_too() -> None:
    held = "-all,+bpf,+perfmon"
    prefix = [
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
        f"--inh-caps={held}", f"--ambient-caps={held}",
    ]  # fmt: skip
    assert [int(bits, 16) for bits in python(SHOW, *prefix)[-4:]] == [0] * 4
    # and do not come back at an exec
    code = "print(os.popen('grep CapAmb /proc/self/status').read())"
    assert int(python(code, *prefix)[1], 16) == 0
