"""What a person is told when the kernel refuses a call: what, why, and what helps, by its errno."""

from __future__ import annotations

import errno
from pathlib import Path

from twtui.errors import PermissionDeniedError, TwtuiError

_LOCKDOWN = Path("/sys/kernel/security/lockdown")
_ROOM = (errno.ENOMEM, errno.E2BIG, errno.ENOSPC)
_FILES = (errno.EMFILE, errno.ENFILE)


def is_locked_down(status: Path = _LOCKDOWN) -> bool:
    """The kernel keeps its memory from everyone, root included (security/lockdown/lockdown.c)."""
    try:
        return "[confidentiality]" in status.read_text()
    except OSError:
        return False  # a kernel without the module has no such file


def refusal(error: OSError) -> TwtuiError:
    """The error for a person.

    Args:
        error: Of a system call; ``strerror`` names the call in words.
    """
    said = f"the kernel refused: {error.strerror or error}"
    if error.errno in (errno.EPERM, errno.EACCES):
        if is_locked_down():
            return PermissionDeniedError(
                f"{said}: it is locked down (confidentiality)",
                "boot without lockdown=confidentiality; lockdown=integrity is no obstacle",
            )
        return PermissionDeniedError(said, "run it with sudo")
    if error.errno in _ROOM:
        return TwtuiError(said, "take less: --slots, --buffer or --max-bytes, or fewer map kinds")
    if error.errno in _FILES:
        return TwtuiError(said, "allow more open files: ulimit -n")
    return TwtuiError(said, "report it with the output of twtui doctor")
