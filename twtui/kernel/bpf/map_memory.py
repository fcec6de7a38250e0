"""Maps the memory of a BPF map into ours."""

from __future__ import annotations

import mmap


def map_memory(fd: int, size_bytes: int, offset: int = 0, *, writable: bool = True) -> mmap.mmap:
    """Memory that the kernel shares. Close it: it holds the map, by a descriptor of its own.

    Raises:
        OSError: The kernel refused; ``strerror`` says what.
    """
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    try:
        return mmap.mmap(fd, size_bytes, prot=protection, offset=offset)
    except OSError as error:
        raise OSError(error.errno, f"mapping a map's memory: {error.strerror}") from None
