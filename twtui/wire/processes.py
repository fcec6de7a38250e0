"""The process table on the wire: a list of ten fields for each process, checked on arrival."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_type_hints

from twtui.wire.layout import WireError

_MOST_NUMBER = 1 << 63
_MOST_TEXT = 1 << 12
_MOST_ROWS = 1 << 18


class ProcessFields(NamedTuple):
    """One process. Name and command are hostile text."""

    pid: int
    start_ticks: int
    """Field 22 of /proc/PID/stat, clock ticks since boot."""
    user: str
    threads: int
    cpu_ticks: int
    """Clock ticks that it has run, in user mode and in the kernel."""
    state: str
    """One letter, as in /proc/PID/stat."""
    name: str
    command: str
    """Empty where there is none."""
    is_kernel_thread: bool
    parent: int


_TYPES = tuple(get_type_hints(ProcessFields).values())


def unpack_processes(fields: Mapping[str, Any]) -> list[ProcessFields]:
    """The processes in the answer to a request for them.

    Raises:
        WireError: It holds something else.
    """
    rows = fields.get("processes")
    if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
        raise WireError("no list of processes")
    return [_process(row) for row in rows]


def unpack_paths(fields: Mapping[str, Any]) -> frozenset[str] | None:
    """The paths in the answer to a request for mapped files; None where they may not be seen.

    Raises:
        WireError: It holds something else.
    """
    paths = fields.get("paths")
    if paths is None:
        return None
    if not isinstance(paths, list) or len(paths) > _MOST_ROWS:
        raise WireError("no list of paths")
    if not all(isinstance(path, str) and len(path) <= 2 * _MOST_TEXT for path in paths):
        raise WireError("no list of paths")
    return frozenset(paths)


def _process(row: Any) -> ProcessFields:
    if not isinstance(row, list) or len(row) != len(_TYPES):
        raise WireError("a process has ten fields")
    for wanted, value in zip(_TYPES, row, strict=True):
        if type(value) is not wanted:
            raise WireError(f"{type(value).__name__} where a process has {wanted.__name__}")
        if isinstance(value, int) and not 0 <= value < _MOST_NUMBER:
            raise WireError(f"{value} in a process")
        if isinstance(value, str) and len(value) > _MOST_TEXT:
            raise WireError(f"a text of {len(value)} characters in a process")
    found = ProcessFields(*row)
    if not found.pid or not (
        len(found.state) == 1 and found.state.isascii() and found.state.isalpha()
    ):
        raise WireError("a process without PID or state")
    return found
