"""Keeps compiled modules on disk, where only their owner can write, for a start without BCC.

An entry is a name that says what went in (see ``cache_key``), a checksum and a module. It is read
only when it and its directory belong to us and nobody else may write to them; everything else is
as if it were not there, and is replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from twtui.kernel.bpf.toolchain import are_unchanged
from twtui.kernel.compiling.compiled_form import pack_compiled, unpack_compiled
from twtui.kernel.compiling.compiler import Compiled

MOST_ENTRIES = 24
"""Eight plans of all map kinds; an entry takes about 150 kB."""
MAX_ENTRY_BYTES = 4 << 20
OFF_VARIABLE, DIRECTORY_VARIABLE = "TWTUI_NO_CACHE", "TWTUI_CACHE_DIR"
_DIRECTORY_MODE, _FILE_MODE = 0o700, 0o600
_OTHERS = 0o077
_MAGIC = b"twtui programs\n"
_ENTRY = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}")
_UNFINISHED_S = 60.0
_OFF = ("", "0", "false", "no", "off")


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where modules are kept; None when they shall not be.

    Root's are not under a home, which sudo may leave to be that of another user.
    """
    if environ.get(OFF_VARIABLE, "").strip().lower() not in _OFF:
        return None
    if named := environ.get(DIRECTORY_VARIABLE):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/twtui")
    base = environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME", "")
    if not base.startswith("/") and not home.startswith("/"):
        return None
    return (Path(base) if base.startswith("/") else Path(home) / ".cache") / "twtui"


class ProgramCache:
    """Compiled modules by key. Never raises: what it cannot do, it leaves."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def load(self, key: str) -> Compiled | None:
        """The module of that key, when there is one that can be trusted."""
        try:
            with self._opened() as directory:
                return _module(_read(directory, key))
        except (OSError, ValueError):
            return None

    def store(self, key: str, compiled: Compiled) -> None:
        """Keep a module, in place of what has its name; the oldest ones over the bound go."""
        if not compiled.libraries:
            return
        with contextlib.suppress(OSError), self._opened(make=True) as directory:
            _write(directory, key, _framed(pack_compiled(compiled)))
            _tidy(directory)

    @contextlib.contextmanager
    def _opened(self, make: bool = False) -> Iterator[int]:
        """Our directory; all else goes through its descriptor, so it cannot be exchanged.

        Raises:
            OSError: It is not there, or others have rights on it.
        """
        if self._directory is None:
            raise FileNotFoundError("no cache")
        if make:
            with contextlib.suppress(FileExistsError):
                self._directory.mkdir(_DIRECTORY_MODE, parents=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        directory = os.open(self._directory, flags)
        try:
            _need_ours(os.fstat(directory))
            yield directory
        finally:
            os.close(directory)


NO_CACHE = ProgramCache(None)


def _need_ours(status: os.stat_result) -> None:
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & _OTHERS:
        raise PermissionError("others have rights on the cache")


def _read(directory: int, key: str) -> bytes:
    # without O_NONBLOCK, a pipe under that name would hold us up
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(key, flags, dir_fd=directory), "rb") as file:
        status = os.fstat(file.fileno())
        _need_ours(status)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise PermissionError("not a file of the cache's own")
        if status.st_size > MAX_ENTRY_BYTES:
            raise ValueError("too large")
        data = file.read(MAX_ENTRY_BYTES)
        # the time of the last use: what is used stays
        os.utime(file.fileno())
    return data


def _framed(payload: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _module(data: bytes) -> Compiled | None:
    """The module in an entry; None when a library that made it has changed.

    Raises:
        ValueError: The entry is broken.
    """
    payload = data[len(_framed(b"")) :]
    if data != _framed(payload):
        raise ValueError("broken")
    compiled = unpack_compiled(payload)
    return compiled if compiled.libraries and are_unchanged(compiled.libraries) else None


def _write(directory: int, key: str, data: bytes) -> None:
    made = f".{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(made, flags, _FILE_MODE, dir_fd=directory), "wb") as file:
            file.write(data)
        os.rename(made, key, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(made, dir_fd=directory)
        raise


def _tidy(directory: int) -> None:
    """Remove the entries that were not used for longest, and what a killed process left half done."""
    entries = []
    for name in os.listdir(directory):
        modified_s = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime
        if _ENTRY.fullmatch(name):
            entries.append((modified_s, name))
        elif _UNFINISHED.fullmatch(name) and time.time() - modified_s > _UNFINISHED_S:
            os.unlink(name, dir_fd=directory)
    for _, name in sorted(entries)[: -MOST_ENTRIES or None]:
        os.unlink(name, dir_fd=directory)
