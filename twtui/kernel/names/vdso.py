"""The code that the kernel maps into every process, named by our own copy of it."""

from __future__ import annotations

import atexit
import os
from functools import cache

from twtui.errors import TwtuiError
from twtui.kernel.names.file_symbols import KnownFile
from twtui.kernel.processes.mappings import Mapping, read_mappings

NAME = "[vdso]"


def vdso_function(mapping: Mapping, address: int) -> tuple[str, int] | None:
    """The function of the vDSO that holds an address, and the bytes from its start.

    Args:
        mapping: The vDSO of a process; that of another machine's programs has another size.
        address: In it.
    """
    own = _own()
    if own is None or mapping.end - mapping.start != own[0]:
        return None
    inside = own[1].address(mapping, address)
    return None if inside is None else own[1].function_at(inside)


@cache
def _own() -> tuple[int, KnownFile] | None:
    """Its size, bytes, and its symbols."""
    try:
        (mapping,) = (one for one in read_mappings(os.getpid()).mappings if one.path == NAME)
        size = mapping.end - mapping.start
        with open("/proc/self/mem", "rb") as memory:  # noqa: PTH123 - no buffer may read beyond it
            image = os.pread(memory.fileno(), size, mapping.start)
        file = os.fdopen(os.memfd_create("vdso"), "w+b")
        file.write(image)
        file.flush()
        known = KnownFile(file, NAME)
        atexit.register(known.close)
        return size, known
    except (OSError, ValueError, TwtuiError):
        return None
