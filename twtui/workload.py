"""The demo's target: threads that work, sleep and open files, and strings whose pages keep getting cold.

The first line on its standard output is a JSON object: ``pid``, ``current`` (the address of a pointer
to the string that it works on) and ``strings``. It ends when its standard input closes, so it cannot
outlive the process that started it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_NAME = "twtui-demo"
STRINGS = (
    "SELECT id, name FROM customers WHERE id = 4711",
    "GET /api/v2/orders/1138?expand=items HTTP/1.1",
    "/srv/www/static/app.4f2a9c.css",
    "Zürich · naïve café · 東京",
    "\x1b[31mnot red\x1b[0m",
    '{"event": "login", "user": 42, "ok": true}',
)
_FILES = ("/etc/hostname", "/etc/passwd", "/proc/self/status", "/etc/no-such-file", "/proc/loadavg")


class Strings:
    """A page with a pointer, and a page for each string; only the pointer's page is ever touched."""

    def __init__(self) -> None:
        descriptor = os.memfd_create(_NAME)
        pages = [bytes(mmap.PAGESIZE)]
        pages += [text.encode().ljust(mmap.PAGESIZE, b"\0") for text in STRINGS]
        os.write(descriptor, b"".join(pages))
        self._map = mmap.mmap(descriptor, len(pages) * mmap.PAGESIZE)
        self.address = _address_of(_NAME)
        self.turn_to(0)

    def turn_to(self, number: int) -> None:
        """Let the pointer name another string, whose page is then not in our page table."""
        page = mmap.PAGESIZE * (1 + number % len(STRINGS))
        self._map.madvise(mmap.MADV_DONTNEED, page, mmap.PAGESIZE)
        self._map[:8] = struct.pack("<Q", self.address + page)


def _address_of(name: str) -> int:
    for line in Path("/proc/self/maps").read_text().splitlines():
        if f"/memfd:{name}" in line:
            return int(line.partition("-")[0], 16)
    raise RuntimeError("the mapping is not in /proc/self/maps")


def _start(name: str, work: Callable[[], None]) -> None:
    """Run work in a thread; the kernel knows its name when this returns."""
    ready = threading.Event()

    def named() -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name)
        ready.set()
        work()

    threading.Thread(target=named, name=name, daemon=True).start()
    ready.wait()


def _busy(strings: Strings) -> None:
    for number in itertools.count():
        strings.turn_to(number)
        until = time.monotonic() + 0.02
        while time.monotonic() < until:
            sum(range(200))


def _read_files() -> None:
    for path in itertools.cycle(_FILES):
        with contextlib.suppress(OSError):
            Path(path).read_bytes()
        time.sleep(0.05)


def _sleep() -> None:
    while True:
        time.sleep(3600)


def main() -> None:
    """Run until standard input closes."""
    strings = Strings()
    _start("demo-busy", lambda: _busy(strings))
    _start("demo-files", _read_files)
    _start("demo-sleeper", _sleep)
    for number in range(2):
        _start(f"demo-idle-{number}", _sleep)
    about = {"pid": os.getpid(), "current": strings.address, "strings": STRINGS}
    sys.stdout.write(json.dumps(about) + "\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()
    os._exit(0)  # the threads above never end


if __name__ == "__main__":
    main()
