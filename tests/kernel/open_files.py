"""The files that a process has open."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path


def open_files(pid: int | str = "self") -> Counter[str]:
    """Those of a process, by what they lead to."""
    found: Counter[str] = Counter()
    for link in list(Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(FileNotFoundError):  # closed just now, as that of the listing itself
            found[str(link.readlink())] += 1
    return found


def lasting_files(pid: int) -> int:
    """How many, without those of /proc, which the kernel process opens and closes at every reading."""
    found = open_files(pid)
    return sum(number for path, number in found.items() if not path.startswith("/proc/"))
