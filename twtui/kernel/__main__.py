"""``python -m twtui.kernel FD``: serve the user process at the other end of an inherited socket."""

from __future__ import annotations

import signal
import socket
import sys

from twtui.kernel.serve import Server


def main() -> int:
    """Serve until the socket closes."""
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.stderr.write("twtui.kernel is started by twtui, with a socket\n")
        return 2
    # Ctrl-C goes to every process of the terminal; the user process decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        Server(connection).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
