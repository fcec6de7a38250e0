"""Opens a recording for reading, and says in one line why a file is none."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from twtui.errors import TwtuiError, UsageError
from twtui.recording.schema import APPLICATION_ID, SCHEMA_VERSION, DamagedRecordingError

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_PAGE_BYTES_AT, _PAGES_AT, _VERSION_AT, _ID_AT = 16, 28, 60, 68
_CACHE_KIB = 2048


def open_database(path: Path) -> sqlite3.Connection:
    """The file, for reading only; texts come as bytes.

    Raises:
        UsageError: There is no such file.
        TwtuiError: It cannot be read, or is no recording that this twtui knows.
    """
    _check(path)
    with damaged(path):
        database = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )
        database.text_factory = bytes
        try:
            database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            database.execute("PRAGMA trusted_schema = OFF")
            # views of a hostile file are not asked, and its triggers never run on reading
            database.execute("SELECT count(*) FROM meta").fetchone()
        except BaseException:
            database.close()
            raise
        return database


def _check(path: Path) -> None:
    try:
        if not path.is_file():
            raise UsageError(
                f"{path} is not a file" if path.exists() else f"there is no {path}",
                "name a recording made with twtui record -o FILE",
            )
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise TwtuiError(
            f"cannot read {path}: {error.strerror or error}", "recordings belong to who made them"
        ) from None
    if not header:
        raise DamagedRecordingError(f"{path} is empty", "it was never recorded to")
    if not header.startswith(_MAGIC[: len(header)]):
        raise DamagedRecordingError(
            f"{path} is not a recording of twtui", "make one with twtui record -o FILE"
        )
    if len(header) < _HEADER_BYTES:
        raise DamagedRecordingError(f"{path} is truncated: {size} bytes are left", "copy it again")
    (application,) = struct.unpack_from(">I", header, _ID_AT)
    if application != APPLICATION_ID:
        raise DamagedRecordingError(
            f"{path} is a database of another program", "name a recording of twtui"
        )
    (version,) = struct.unpack_from(">I", header, _VERSION_AT)
    if version > SCHEMA_VERSION:
        raise DamagedRecordingError(
            f"{path} was made by a newer twtui (schema {version}, this one reads {SCHEMA_VERSION})",
            "read it with that one",
        )
    (page_bytes,) = struct.unpack_from(">H", header, _PAGE_BYTES_AT)
    (pages,) = struct.unpack_from(">I", header, _PAGES_AT)
    wanted = pages * (1 << 16 if page_bytes == 1 else page_bytes)
    if size < wanted and not path.with_name(path.name + "-wal").exists():
        raise DamagedRecordingError(
            f"{path} is truncated: {size:,} of {wanted:,} bytes are left", "copy it again"
        )


@contextlib.contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading what is not there becomes one line."""
    try:
        yield
    except TwtuiError as error:
        if isinstance(error, DamagedRecordingError):
            raise
        raise DamagedRecordingError(f"{path} is damaged: {error.message}") from None
    except (
        sqlite3.Error, struct.error, ValueError, KeyError, TypeError, AttributeError,
        OverflowError, IndexError, RecursionError, MemoryError,
    ) as error:  # fmt: skip
        if isinstance(error, sqlite3.OperationalError) and _cannot_open(error):
            raise TwtuiError(
                f"cannot read {path}: {error}",
                "copy it, and what lies beside it under its name, to where you may write",
            ) from None
        raise DamagedRecordingError(
            f"{path} is damaged: {error}", "what can be read may be had with the sqlite3 shell"
        ) from None


def _cannot_open(error: sqlite3.OperationalError) -> bool:
    words = ("unable to open", "readonly", "locked", "full", "closed")
    return any(word in str(error) for word in words)
