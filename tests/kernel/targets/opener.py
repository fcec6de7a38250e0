"""Opens three files five times a second; the names of two of them are never in memory before the call."""

from __future__ import annotations

import ctypes
import mmap
import os
import time

NAMES = (b"/etc/hostname", b"/etc/passwd", b"/no/such/file")
RESIDENT = 1
"""Number of the name whose page stays."""


def main() -> None:
    pages = os.memfd_create("names")
    os.write(pages, b"".join(name.ljust(mmap.PAGESIZE, b"\0") for name in NAMES))
    names = mmap.mmap(pages, len(NAMES) * mmap.PAGESIZE)
    first = ctypes.addressof(ctypes.c_char.from_buffer(names))
    library = ctypes.CDLL(None)
    while True:
        for number in range(len(NAMES)):
            place = number * mmap.PAGESIZE
            if number != RESIDENT:
                names.madvise(mmap.MADV_DONTNEED, place, mmap.PAGESIZE)
            opened = library.open(ctypes.c_void_p(first + place), os.O_RDONLY)
            if opened >= 0:
                os.close(opened)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
