"""Finds tracefs, and mounts it where it is missing and we may."""

from __future__ import annotations

import ctypes as ct
import os
from pathlib import Path

from twtui.errors import PermissionDeniedError, UnsupportedError

TRACEFS = Path("/sys/kernel/tracing")
_DEBUGFS = Path("/sys/kernel/debug/tracing")


def mounted_tracefs() -> Path | None:
    """Where tracefs is, or None."""
    for place in (TRACEFS, _DEBUGFS):
        if os.access(place / "events", os.R_OK):
            return place
    return None


def find_tracefs() -> Path:
    """Where tracefs is; mounts it as root where it is missing.

    Raises:
        PermissionDeniedError: It is not mounted and we may not do it.
        UnsupportedError: The kernel has none.
    """
    if place := mounted_tracefs():
        return place
    libc = ct.CDLL(None, use_errno=True)
    if libc.mount(b"tracefs", str(TRACEFS).encode(), b"tracefs", 0, None) == 0:
        return TRACEFS
    if os.geteuid():
        raise PermissionDeniedError(
            "tracefs is not mounted or not readable", f"sudo mount -t tracefs tracefs {TRACEFS}"
        )
    raise UnsupportedError(
        f"tracefs cannot be mounted: {os.strerror(ct.get_errno())}",
        "run a kernel built with CONFIG_FTRACE=y",
    )
