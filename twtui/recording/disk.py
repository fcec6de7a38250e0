"""The disk under a recording: room set aside for its end, and its troubles in one line each."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twtui.errors import TwtuiError
from twtui.recording import ownership

BALLAST_BYTES = 6 << 20
"""Set aside on the disk: what SQLite's log may hold (4 MiB), so that a full disk can still be tidied up."""


class DiskFullError(TwtuiError):
    """There is no room for more; what was written is safe."""


class Ballast:
    """Room on the disk that is given back when the last of it is needed; a file without a name."""

    def __init__(self, directory: Path) -> None:
        self._file = None
        with contextlib.suppress(OSError):
            file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - lives as long as the run
            try:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
            except OSError:
                file.close()
                return
            self._file = file

    def release(self) -> None:
        """Give the room back. Idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into errors for a person."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        if "full" in str(error):
            raise DiskFullError(
                f"cannot write {path}: the disk is full",
                "what was recorded up to then is safe; make room and record again",
            ) from None
        raise TwtuiError(f"cannot write {path}: {error}") from None
    except OSError as error:
        raise ownership.cannot_write(path, error) from None
