"""Which BCC, libraries and kernel a compiled module came from, found out without importing BCC."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from twtui.errors import UnsupportedError

INSTALL_HINT = (
    "install BCC: apt install python3-bpfcc (Debian, Ubuntu); PyPI's bcc is another package"
)
_LOADER_CACHE = Path("/etc/ld.so.cache")
_VARIABLES = ("BCC_", "LD_", "CPATH", "C_INCLUDE_PATH")
"""What BCC, clang and the loader of libraries take from the environment, by how it starts."""
_OUR_OWN = "BCC_KERNEL_SOURCE"

FileId = tuple[str, int, int, int, int]
"""Path, inode, size in bytes, mtime and ctime in ns: a file that was changed or replaced has another."""


def file_id(path: Path | str) -> FileId:
    """The identity of a file.

    Raises:
        OSError: It is not there.
    """
    status = Path(path).stat()
    numbers = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return str(path), *numbers


def bcc_directory() -> Path:
    """Where BCC's Python package is.

    Raises:
        UnsupportedError: It is not installed for this Python.
    """
    found = find_spec("bcc")
    if found is None or not found.origin:
        raise UnsupportedError("BCC is not there: no module named bcc", INSTALL_HINT)
    return Path(found.origin).parent


def toolchain_id() -> list[object]:
    """What tells that another BCC would be used: its Python files, and what the loader goes by.

    The loader takes libraries from where ``ld.so.cache`` says; installing one changes that file.
    Which libraries that were is kept with what they made (see ``mapped_libraries``).

    Raises:
        UnsupportedError: BCC is not there.
    """
    files = sorted(bcc_directory().glob("*.py"))
    loader = [file_id(_LOADER_CACHE)] if _LOADER_CACHE.exists() else []
    variables = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(_VARIABLES) and name != _OUR_OWN
    )
    return [[file_id(path) for path in files], loader, variables]


def mapped_libraries() -> list[FileId]:
    """The shared libraries in this process, libbcc and LLVM among them; none when one was replaced.

    Their identity is taken between two looks at what is mapped: the kernel marks a mapping whose
    file has gone, so an upgrade in that moment is seen.
    """
    before = _library_paths()
    try:
        found = [file_id(path) for path in before]
    except OSError:
        return []
    return found if _library_paths() == before else []


def _library_paths() -> list[str]:
    lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    # address, permissions, offset, device, inode, path; " (deleted)" behind it when it has gone
    paths = {line.split(maxsplit=5)[5] for line in lines if line.count(" ") >= 5 and "/" in line}
    return sorted(path for path in paths if ".so" in path)


def are_unchanged(libraries: Iterable[FileId]) -> bool:
    """Every file is the one it was."""
    try:
        return all(file_id(known[0]) == tuple(known) for known in libraries)
    except (OSError, ValueError):
        return False
