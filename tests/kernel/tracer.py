"""A debugger of the least kind: it stops threads, and lets them go."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
"""Requests of ptrace(2), of include/uapi/linux/ptrace.h."""
_ANY_THREAD = 0x40000000
"""__WALL of wait(2)."""
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ask(request: int, tid: int) -> None:
    if _libc.ptrace(request, tid, None, None):
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}) of {tid}")


@contextmanager
def stopped_by_a_tracer(*tids: int) -> Iterator[None]:
    """These threads are ours meanwhile, and stand still."""
    for tid in tids:
        _ask(_SEIZE, tid)
        _ask(_INTERRUPT, tid)
        os.waitpid(tid, _ANY_THREAD)
    try:
        yield
    finally:
        for tid in tids:
            _ask(_DETACH, tid)
