"""The processes of this machine, for a user process that cannot see them: another's /proc, or another machine."""

from __future__ import annotations

import pwd
from functools import cache
from pathlib import Path

from twtui.errors import TwtuiError
from twtui.kernel.processes.mappings import read_mappings
from twtui.wire.processes import ProcessFields

_KTHREAD = 0x00200000
"""PF_KTHREAD of include/linux/sched.h."""
_MOST_COMMAND_BYTES = 512


def process_rows() -> list[ProcessFields]:
    """Every process, by PID; those that end meanwhile are left out."""
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    rows = map(_row, pids)
    return [row for row in rows if row is not None]


def _row(pid: int) -> ProcessFields | None:
    place = Path(f"/proc/{pid}")
    try:
        text = (place / "stat").read_bytes()
        uid = place.stat().st_uid
    except OSError:
        return None
    # the name may hold anything, parentheses and line ends included
    end = text.rfind(b")")
    fields = text[end + 2 :].split()
    is_kernel_thread = bool(int(fields[6]) & _KTHREAD)
    return ProcessFields(
        pid=pid,
        start_ticks=int(fields[19]),
        user=_user_name(uid),
        threads=int(fields[17]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        state=fields[0].decode("ascii", "replace"),
        name=_text(text[text.find(b"(") + 1 : end]),
        command="" if is_kernel_thread else _command(place),
        is_kernel_thread=is_kernel_thread,
        parent=int(fields[1]),
    )


def _command(place: Path) -> str:
    try:
        with (place / "cmdline").open("rb", buffering=0) as file:
            words = file.read(_MOST_COMMAND_BYTES)
    except OSError:
        return ""
    return _text(words.rstrip(b"\0").replace(b"\0", b" "))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@cache
def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def mapped_paths(pid: int) -> list[str] | None:
    """Which files a process has mapped, as it sees them; None when they may not be seen."""
    try:
        found = read_mappings(pid)
    except TwtuiError:
        return None
    return sorted({one.path for one in found.mappings if one.path.startswith("/")})
