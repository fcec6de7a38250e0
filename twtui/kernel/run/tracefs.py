"""Finds tracefs, and mounts it where it is missing and we may."""

from __future__ import annotations

import ctypes as ct
import os
from pathlib import Path

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError

TRACEFS = Path("/sys/kernel/tracing")
_DEBUGFS = Path("/sys/kernel/debug/tracing")


def mounted_tracefs() -> Path | None:
    """Where tracefs is, or None."""
    for place in (TRACEFS, _DEBUGFS):
        # access(2) goes by the real user and forgets capabilities that exec has handed on
        if os.access(place / "events", os.R_OK | os.X_OK, effective_ids=True):
            return place
    return None


def explain_tracefs() -> TwtuiError:
    """Why there is no tracefs for us, and what to do."""
    if os.path.ismount(TRACEFS):
        return PermissionDeniedError(
            "tracefs may not be read: no syscall and tracepoint triggers",
            "run it with sudo, or with CAP_DAC_READ_SEARCH",
        )
    return PermissionDeniedError(
        "tracefs is not mounted: no syscall and tracepoint triggers (root mounts it by itself)",
        f"sudo mount -t tracefs tracefs {TRACEFS}",
    )


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
        raise explain_tracefs()
    raise UnsupportedError(
        f"tracefs cannot be mounted: {os.strerror(ct.get_errno())}",
        "run a kernel built with CONFIG_FTRACE=y",
    )
