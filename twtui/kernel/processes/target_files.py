"""Opens the files of a target: the very inode that it has mapped, in its own mount namespace."""

from __future__ import annotations

import ctypes as ct
import errno
import os
import re
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from twtui.errors import NoSuchTargetError, PermissionDeniedError, TwtuiError, UsageError
from twtui.kernel.processes.mappings import Module, ProcessMappings, read_mappings
from twtui.kernel.processes.targets import memory_holder

_libc = ct.CDLL(None, use_errno=True)
_OPENAT2 = 437
"""The same number on every architecture (asm-generic/unistd.h)."""
_RESOLVE_IN_ROOT = 0x10
"""include/uapi/linux/openat2.h: absolute links and .. stay inside; no magic links."""
_HINTS = 6


@dataclass(frozen=True, slots=True)
class TargetFile:
    """An open file of a target. Close ``file`` when done."""

    path: str
    """As the target sees it, or as its mappings name it."""
    file: BinaryIO
    module: Module | None
    """How the target has mapped it; None when it has not."""

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode: equal for two targets that share the file."""
        status = os.fstat(self.file.fileno())
        return status.st_dev, status.st_ino

    @property
    def open_path(self) -> str:
        """A path that leads this process, the kernel included, to the open file and no other."""
        return f"/proc/self/fd/{self.file.fileno()}"


def _regular(path_only: int, path: str) -> BinaryIO:
    """Open what an O_PATH descriptor stands for; a device or pipe is never opened for reading."""
    try:
        if not stat.S_ISREG(os.fstat(path_only).st_mode):
            raise UsageError(f"{path} is not a regular file", "give a program or a library")
        return Path(f"/proc/self/fd/{path_only}").open("rb")
    finally:
        os.close(path_only)


def _explain(error: OSError, pid: int, path: str) -> TwtuiError:
    if error.errno in (errno.EACCES, errno.EPERM):
        return PermissionDeniedError(
            f"{path} of process {pid} may not be read",
            "run it with sudo, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        )
    if error.errno == errno.ESRCH or not os.path.lexists(f"/proc/{pid}"):
        return NoSuchTargetError(f"process {pid} has ended", "pick another process")
    return UsageError(
        f"process {pid} sees no file {path}: {error.strerror}",
        "give the path as the process sees it, or the name of a library that it has mapped",
    )


def open_in_root(pid: int, path: str) -> TargetFile:
    """Open a file by the absolute path under which the target sees it.

    Links are followed inside the target's root: ``/proc/PID/root/PATH`` alone would follow an
    absolute link to a file of ours.

    Raises:
        TwtuiError: There is no such process or file, or it may not be read.
    """
    try:
        place = f"/proc/{memory_holder(pid)}/root"
        root = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # struct open_how: flags, mode, resolve
            how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT)
            found = _libc.syscall(
                ct.c_long(_OPENAT2), ct.c_int(root), os.fsencode(path), how, ct.c_size_t(len(how))
            )
            if found < 0:
                raise OSError(ct.get_errno(), os.strerror(ct.get_errno()))
        finally:
            os.close(root)
        return TargetFile(path, _regular(found, path), None)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError):
            raise UsageError(f"{path!r} is not a path", "give the path of a file") from None
        raise _explain(error, pid, path) from None


def open_module(pid: int, module: Module) -> TargetFile:
    """Open the file that a module was mapped from, even when it has been deleted or replaced.

    Raises:
        TwtuiError: The process has ended, or its files may not be read.
    """
    refused: OSError | None = None
    holder = memory_holder(pid)
    for mapping in module.code:
        link = f"/proc/{holder}/map_files/{mapping.range_name}"
        try:
            path_only = os.open(link, os.O_PATH | os.O_CLOEXEC)
            return TargetFile(module.path, _regular(path_only, module.path), module)
        except OSError as error:
            # following such a link takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE
            refused = error
    assert refused
    if module.deleted:
        raise _explain(refused, pid, f"{module.path} (deleted)")
    found = open_in_root(pid, module.path)
    # the device numbers of maps and stat differ on some file systems (btrfs)
    if found.identity[1] != module.inode:
        found.file.close()
        raise _explain(refused, pid, module.path)
    return TargetFile(module.path, found.file, module)


def executable_path(pid: int) -> str:
    """The path of a process's executable, as its mappings name it; empty when it has ended."""
    try:
        return str(Path(f"/proc/{memory_holder(pid)}/exe").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def _open_path(pid: int, path: str, mappings: ProcessMappings) -> TargetFile:
    for module in mappings.modules:
        if module.path == path:
            return open_module(pid, module)
    found = open_in_root(pid, path)
    # a link to a mapped file, or a mapped file that our side of the mounts calls something else
    for module in mappings.modules:
        if module.inode == found.identity[1]:
            mapped = open_module(pid, module)
            if mapped.identity == found.identity:
                found.file.close()
                return mapped
            mapped.file.close()
    return found


def _named(modules: Sequence[Module], name: str, executable: str) -> list[Module]:
    if name in ("exe", PurePosixPath(executable).name):
        return [module for module in modules if module.path == executable]
    if exact := [module for module in modules if module.name == name]:
        return exact
    library = re.compile(re.escape(name) + r"(-[0-9][0-9.]*)?\.so(\.[0-9.]+)?")
    return [module for module in modules if library.fullmatch(module.name)]


def find_module(pid: int, place: str) -> TargetFile:
    """The program or library that a person means.

    Args:
        pid: The target.
        place: An absolute path as the target sees it, mapped or not; or a name among what it has
            mapped: ``libc`` (``libc.so.6``, ``libc-2.36.so``), ``libc.so.6``, the base name of
            its executable, or ``exe``.

    Raises:
        UsageError: There is no such file or name, or several files have it.
        TwtuiError: The process has ended, or its files may not be read.
    """
    mappings = read_mappings(pid)
    if place.startswith("/"):
        return _open_path(pid, place, mappings)
    if "/" in place:
        raise UsageError(f"{place} is not an absolute path", "give the path as the process sees it")
    named = _named(mappings.modules, place, executable_path(pid))
    if not named:
        names = list(dict.fromkeys(module.name for module in mappings.modules))
        close = get_close_matches(place, names, _HINTS, 0.5) or names[:_HINTS]
        raise UsageError(
            f"process {pid} has mapped no {place}",
            f"it has {', '.join(close)}; give the path of one that is loaded later",
        )
    if len(named) > 1:
        paths = ", ".join(module.path for module in named[:_HINTS])
        raise UsageError(f"{place} of process {pid} is not one file", f"give a path: {paths}")
    return open_module(pid, named[0])
