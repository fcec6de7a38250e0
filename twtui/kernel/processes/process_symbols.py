"""Names for what the kernel knows of a process's memory: its arguments and its environment."""

from __future__ import annotations

from pathlib import Path

from twtui.errors import NoSuchTargetError, UsageError

_FIELDS = {"arg": (48, 49), "env": (50, 51)}
"""First address and the one behind the last, in /proc/PID/stat, counted from 1 (proc_pid_stat(5))."""
_IMAGE = (26, 28)
"""Start of the code and of the stack."""


def _numbers(pid: int) -> list[int]:
    """The fields of /proc/PID/stat from the fourth."""
    text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return [int(field) for field in text.rpartition(")")[2].split()[1:]]


def process_symbol(pid: int, name: str) -> int:
    """The value of ``@arg_start``, ``@arg_length``, ``@env_start`` or ``@env_length``.

    Raises:
        UsageError: There is no such name.
        NoSuchTargetError: The process has ended.
    """
    area, _, part = name.removeprefix("@").partition("_")
    if area not in _FIELDS or part not in ("start", "length"):
        names = ", ".join(f"@{area}_start, @{area}_length" for area in _FIELDS)
        raise UsageError(f"no symbol {name}", f"what the kernel knows: {names}")
    try:
        numbers = _numbers(pid)
    except OSError:
        raise NoSuchTargetError(f"process {pid} has ended", "pick another process") from None
    start, end = (numbers[field - 4] for field in _FIELDS[area])
    return start if part == "start" else max(end - start, 0)


def image_layout(pid: int) -> tuple[int, int]:
    """Where the program and its stack start: others after an exec of the same file; else (0, 0)."""
    try:
        numbers = _numbers(pid)
    except OSError:
        return 0, 0
    code, stack = (numbers[field - 4] for field in _IMAGE)
    return code, stack
