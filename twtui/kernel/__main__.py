"""``python -I -m twtui.kernel``: serve the user process at the other end of standard input and output."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from twtui.kernel.privileges import may_load_programs
from twtui.kernel.serve import Server

_BY_SUDO = "--sudo"
"""Where the rights are missing, become another through sudo, if that needs no password."""


def main() -> int:
    """Serve until standard input ends."""
    arguments = sys.argv[1:]
    if arguments not in ([], [_BY_SUDO]) or os.isatty(0) or os.isatty(1):
        sys.stderr.write("twtui.kernel is started by twtui, and speaks with it alone\n")
        return 2
    if arguments and not may_load_programs():
        command = ["sudo", "-n", "--", sys.executable, "-I", "-m", "twtui.kernel"]
        # without sudo the doctor's answers still go through, and a run is refused in words
        with suppress(OSError):
            os.execvp(command[0], command)
    # Ctrl-C goes to every process of the terminal; the user process decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reading, writing = _take_over_standard_files()
    Server(reading, writing).run()
    return 0


def _take_over_standard_files() -> tuple[int, int]:
    """The two ends for ourselves; what else is printed here goes where errors go."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return reading, writing


if __name__ == "__main__":
    sys.exit(main())
