"""What /proc/PID/maps says: which part of which file a process has mapped where."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from twtui.errors import NoSuchTargetError, PermissionDeniedError, UnsupportedError
from twtui.kernel.processes.targets import memory_holder

_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Mapping:
    """One line: fs/proc/task_mmu.c, ``show_map_vma``."""

    start: int
    end: int
    """First address behind it."""
    permissions: str
    """``rwxp`` with dashes; ``s`` for shared."""
    offset: int
    """Bytes of the file before it."""
    device: tuple[int, int]
    """Major and minor."""
    inode: int
    """0: no file."""
    path: str
    """As the reader of the line sees it, without `` (deleted)``; also ``[stack]`` and the like."""
    deleted: bool = False

    @property
    def is_executable(self) -> bool:
        """Code may run in it."""
        return self.permissions[2] == "x"

    @property
    def range_name(self) -> str:
        """Its name in /proc/PID/map_files."""
        return f"{self.start:x}-{self.end:x}"


@dataclass(frozen=True, slots=True)
class Module:
    """A file that a process has mapped as code: its executable or a library."""

    path: str
    deleted: bool
    code: tuple[Mapping, ...]
    """Its executable mappings, lowest address first; at least one."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def device(self) -> tuple[int, int]:
        """Major and minor."""
        return self.code[0].device

    @property
    def inode(self) -> int:
        """Never 0."""
        return self.code[0].inode


@dataclass(frozen=True)
class ProcessMappings:
    """All mappings of a process at one moment, in the order of their addresses."""

    mappings: tuple[Mapping, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [mapping.start for mapping in self.mappings]

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The files mapped as code, in the order of their first executable mapping."""
        found: dict[tuple[tuple[int, int], int, str], list[Mapping]] = {}
        for mapping in self.mappings:
            if mapping.inode and mapping.is_executable:
                key = (mapping.device, mapping.inode, mapping.path)
                found.setdefault(key, []).append(mapping)
        return tuple(Module(code[0].path, code[0].deleted, tuple(code)) for code in found.values())

    def at(self, address: int) -> Mapping | None:
        """The mapping that holds an address."""
        index = bisect_right(self._starts, address) - 1
        if index >= 0 and address < self.mappings[index].end:
            return self.mappings[index]
        return None

    def module_of(self, mapping: Mapping) -> Module | None:
        """The module that a mapping is a part of, data included."""
        key = (mapping.device, mapping.inode, mapping.path)
        for module in self.modules:
            if (module.device, module.inode, module.path) == key:
                return module
        return None


def _parse_lines(text: str) -> Iterator[Mapping]:
    for line in text.split("\n"):
        # five fields, blanks, and a path that may hold blanks itself
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            continue
        start, _, end = fields[0].partition("-")
        major, _, minor = fields[3].partition(":")
        # the kernel escapes nothing but the end of the line
        path = fields[5].replace("\\012", "\n") if len(fields) > 5 else ""
        yield Mapping(
            start=int(start, 16),
            end=int(end, 16),
            permissions=fields[1],
            offset=int(fields[2], 16),
            device=(int(major, 16), int(minor, 16)),
            inode=int(fields[4]),
            path=path.removesuffix(_DELETED),
            deleted=path.endswith(_DELETED),
        )


def parse_mappings(text: str) -> ProcessMappings:
    """The text of /proc/PID/maps.

    Raises:
        UnsupportedError: It is something else.
    """
    try:
        return ProcessMappings(tuple(_parse_lines(text)))
    except ValueError as error:
        raise UnsupportedError(
            f"/proc/PID/maps is not as this twtui knows it: {error}", "report it"
        ) from None


def read_mappings(pid: int) -> ProcessMappings:
    """What a process has mapped now; nothing for a zombie.

    Raises:
        NoSuchTargetError: There is no such process.
        PermissionDeniedError: Its mappings may not be read.
    """
    try:
        return parse_mappings(os.fsdecode(Path(f"/proc/{memory_holder(pid)}/maps").read_bytes()))
    except PermissionError:
        raise PermissionDeniedError(
            f"the mappings of process {pid} may not be read",
            "run it with sudo, or with CAP_SYS_PTRACE",
        ) from None
    except OSError:
        raise NoSuchTargetError(f"process {pid} has ended", "pick another process") from None
