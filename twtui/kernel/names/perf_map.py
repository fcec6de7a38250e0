"""Names of code that a process makes while it runs, from the map that it writes of it; in bounded memory and time.

A line for each function: start and size in hexadecimal, and the name (tools/perf/Documentation/jit-interface.txt
of Linux). The process may write anything there, or put something else in its place.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from pathlib import Path

from twtui.errors import TwtuiError
from twtui.kernel.names.file_symbols import demangle
from twtui.kernel.processes.target_files import TargetFile, open_in_root
from twtui.model.bounds import MOST_NAME

_MOST_BYTES = 32 << 20
"""Read of the maps of one process, all in all."""
_MOST_FUNCTIONS = 1 << 18
_LINE = re.compile(
    rb"^(?:0x)?([0-9a-fA-F]{1,16})[ \t]+(?:0x)?([0-9a-fA-F]{1,16})[ \t]+([^\n]*)\n", re.M
)


class PerfMap:
    """The functions of one process that are known so far."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._left_bytes = _MOST_BYTES
        self._inode: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._at = 0
        self._functions: dict[int, tuple[int, bytes]] = {}
        self._starts: list[int] = []

    def refresh(self) -> None:
        """Read what the process has written since."""
        found = self._open()
        if found is None:
            return
        with found.file as file:
            if found.identity != self._inode:
                # what is allowed to be read is not given anew: it may be changed at every look
                self._inode = found.identity
                self._forget()
            file.seek(self._at)
            data = file.read(self._left_bytes)
        self._left_bytes -= len(data)
        # a line that is being written is read at the next look
        whole = data.rfind(b"\n") + 1
        self._at += whole
        for line in _LINE.finditer(data, 0, whole):
            if len(self._functions) >= _MOST_FUNCTIONS:
                break
            self._functions[int(line[1], 16)] = (int(line[2], 16), line[3][:MOST_NAME])
        self._starts = sorted(self._functions)

    def _open(self) -> TargetFile | None:
        for number in dict.fromkeys((_own_number(self._pid), self._pid)):
            try:
                found = open_in_root(self._pid, f"/tmp/perf-{number}.map")
            except TwtuiError:
                continue
            owner = os.fstat(found.file.fileno()).st_uid
            # anybody may make files in /tmp
            if owner in (0, _owner(self._pid)):
                return found
            found.file.close()
        return None

    def function_at(self, address: int) -> tuple[str, int] | None:
        """The function that holds an address, and the bytes from its start."""
        at = bisect_right(self._starts, address) - 1
        if at < 0:
            return None
        start = self._starts[at]
        size, name = self._functions[start]
        if address - start >= size:
            return None
        return demangle(name.decode(errors="replace")), address - start


def _own_number(pid: int) -> int:
    """The PID under which a process knows itself: that of its innermost namespace."""
    try:
        text = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return pid
    found = re.search(rb"^NSpid:.*\t([0-9]+)$", text, re.M)
    return int(found[1]) if found else pid


def _owner(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return 0
