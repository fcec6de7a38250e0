"""Which files a process has mapped, as far as /proc shows it to the user."""

from __future__ import annotations

import os
from pathlib import Path

_DELETED = " (deleted)"


def mapped_files(pid: int) -> frozenset[str] | None:
    """Their paths, as the process sees them; None when they may not be read, or it has ended."""
    try:
        lines = os.fsdecode(_maps(Path(f"/proc/{pid}"))).split("\n")
    except OSError:
        return None
    # five fields, blanks, and a path that may hold blanks itself
    paths = (fields[5] for line in lines if len(fields := line.split(maxsplit=5)) > 5)
    return frozenset(path.removesuffix(_DELETED) for path in paths if path.startswith("/"))


def _maps(process: Path) -> bytes:
    """The text of a thread that has any: the first gives up its memory when it ends, and others may go on."""
    others = ((thread / "maps").read_bytes() for thread in (process / "task").iterdir())
    return (process / "maps").read_bytes() or next(filter(None, others), b"")
