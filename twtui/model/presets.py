"""Presets: useful plans under a name, each with what it needs and whether a process has it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple

from twtui.model.capture import Read, parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Watch
from twtui.model.trigger import DEFAULT_RATE_HZ, TriggerKind, parse_trigger

_FUNCTIONS = (TriggerKind.UPROBE, TriggerKind.URETPROBE)
_IN_TRACEFS = (TriggerKind.SYSCALL, TriggerKind.TRACEPOINT)
_PYTHON = re.compile(r"(?:lib)?python[0-9.]*(?:[dt]|\.so[0-9.]*)*")
_SHOWN = 80


class Pair(NamedTuple):
    """A trigger and what its callback reads, as a person writes them."""

    trigger: str
    capture: str
    optional: bool = False
    """Left out, with a note, where the kernel or the process does not have it."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What to watch, under a name. None: the preset has no opinion, the setting decides."""

    name: str
    description: str
    """One line."""
    pairs: tuple[Pair, ...]
    needs: str = ""
    """What has to be there, in words; empty: nothing but a process."""
    map_kinds: tuple[MapKind, ...] | None = (MapKind.HASH,)
    defer: Defer | None = None
    mode: Mode | None = None
    max_bytes: int | None = None
    """Bytes."""
    children: bool | None = None

    def watches(self, rate_hz: int = DEFAULT_RATE_HZ, period: int = 0) -> tuple[Watch, ...]:
        """What a plan takes.

        Args:
            rate_hz: Of samples without a period.
            period: Events from sample to sample; 0 for by rate.

        Raises:
            UsageError: A trigger or a capture of a preset that a person wrote is wrong.
        """
        return tuple(
            Watch(
                parse_trigger(pair.trigger, rate_hz, period),
                parse_capture(pair.capture),
                optional=pair.optional,
            )
            for pair in self.pairs
        )

    @property
    def text(self) -> str:
        """All pairs in a line, cut where it gets long."""
        line = ", ".join(f"{pair.trigger} {pair.capture}" for pair in self.pairs)
        return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 2].rpartition(',')[0]}, …"


def _all_optional(*pairs: tuple[str, str]) -> tuple[Pair, ...]:
    return tuple(Pair(trigger, capture, optional=True) for trigger, capture in pairs)


def _syscalls(*calls: tuple[str, int]) -> tuple[Pair, ...]:
    return _all_optional(*((f"syscall:{name}", f"str(arg{number})") for name, number in calls))


_PATHS = _syscalls(
    ("openat", 2), ("openat2", 2), ("open", 1), ("execve", 1),
    ("newfstatat", 2), ("statx", 2), ("newstat", 1), ("newlstat", 1),
    ("access", 1), ("faccessat", 2), ("faccessat2", 2),
    ("readlink", 1), ("readlinkat", 2),
    ("unlink", 1), ("unlinkat", 2), ("mkdir", 1), ("mkdirat", 2), ("rmdir", 1),
    ("rename", 1), ("rename", 2), ("renameat", 2), ("renameat", 4), ("renameat2", 2), ("renameat2", 4),
    ("link", 2), ("linkat", 4), ("symlink", 2), ("symlinkat", 3),
    ("chdir", 1), ("chmod", 1), ("fchmodat", 2), ("utimensat", 2),
)  # fmt: skip
"""System calls with the number of their path argument, as many as one plan takes. The kernel's names
(``newstat`` is stat). Those without ``at`` are not there on every architecture; what creates a link
shows the new name. Left out for room: chown, truncate, statfs, extended attributes, mounts."""

_TABLE = (
    Preset(
        "oncpu",
        "where it runs: stack and newest bytes of it, sampled on the CPU clock",
        (Pair("sample", "stack"), Pair("sample", "bytes(sp, 64)")),
        needs="frame pointers, for stacks deeper than their first frames",
    ),
    Preset(
        "files",
        "every path it names: open, exec, stat, access, link, rename, remove, …",
        _PATHS,
        needs="tracefs",
        defer=Defer.FAULT,
    ),
    Preset(
        "writes",
        "what it writes and sends: write, pwrite64, sendto (not writev, sendmsg)",
        _all_optional(
            ("syscall:write", "bytes(arg2, arg3)"),
            ("syscall:pwrite64", "bytes(arg2, arg3)"),
            ("syscall:sendto", "bytes(arg2, arg3)"),
        ),
        needs="tracefs",
        defer=Defer.FAULT,
    ),
    Preset(
        "exec",
        "programs that it and its children start: path, argv[0], and argv[0] as they got it",
        (
            Pair("syscall:execve", "str(arg1)"),
            Pair("syscall:execve", "str(*arg2)"),
            Pair("syscall:execveat", "str(arg2)", optional=True),
            Pair("syscall:execveat", "str(*arg3)", optional=True),
            # the first words on a new program's stack are argc, argv[0], …: readable even where
            # the old memory went with a page that nobody had touched
            Pair("tracepoint:sched:sched_process_exec", "str(*(sp+8))", optional=True),
        ),
        needs="tracefs",
        defer=Defer.FAULT,
        children=True,
    ),
    Preset(
        "argv",
        "its command line, as its memory has it now, once a second, asleep or not",
        (Pair("probe:1hz", "bytes(sym:@arg_start, sym:@arg_length)"),),
        # in resume mode a process that sleeps would not answer
        mode=Mode.SIGNAL,
    ),
    Preset(
        "tls",
        "plaintext of TLS connections: OpenSSL's SSL_write and SSL_read",
        _all_optional(
            ("uprobe:libssl:SSL_write", "bytes(arg2, arg3)"),
            ("uprobe:libssl:SSL_write_ex", "bytes(arg2, arg3)"),
            ("uretprobe:libssl:SSL_read", "bytes(entry.arg2, ret)"),
        ),
        needs="OpenSSL as a library (libssl); not SSL_read_ex",
        defer=Defer.FAULT,
        max_bytes=1024,
    ),
    Preset(
        "python",
        "which Python functions run, sampled on the CPU clock",
        (Pair("sample", "python"),),
        needs="CPython",
    ),
)  # fmt: skip

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _TABLE}
"""The built-in ones, by name, in the order in which people meet them."""


class Answer(StrEnum):
    """Whether something works here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Availability(NamedTuple):
    """Whether a preset works, and why not."""

    answer: Answer
    reason: str = ""
    """One line; empty for a yes."""


_YES = Availability(Answer.YES)


def availability(
    preset: Preset, files: Iterable[str] | None, has_tracefs: bool | None = None
) -> Availability:
    """Whether a preset works on a process.

    Args:
        preset: Any.
        files: Paths of the files that the process has mapped; None when they cannot be seen.
        has_tracefs: From the doctor; None when nobody has asked: taken to be there.
    """
    names = None if files is None else frozenset(PurePosixPath(path).name for path in files)
    answers = [(watch.optional, _of_watch(watch, names, has_tracefs)) for watch in preset.watches()]
    for wanted in (Answer.NO, Answer.UNKNOWN):
        for optional, found in answers:
            if found.answer is wanted and not optional:
                return found
    if not answers or any(found.answer is Answer.YES for _, found in answers):
        return _YES
    # nothing but what could be skipped, and all of it would be
    return min(
        (found for _, found in answers), key=lambda found: found.answer is not Answer.UNKNOWN
    )


def _of_watch(watch: Watch, names: frozenset[str] | None, has_tracefs: bool | None) -> Availability:
    trigger = watch.trigger
    if trigger.kind in _IN_TRACEFS and has_tracefs is False:
        return Availability(Answer.NO, "tracefs is not readable: see twtui doctor")
    if trigger.kind in _FUNCTIONS:
        found = _has_module(trigger.category, names)
        if found.answer is not Answer.YES:
            return found
    if watch.capture.read is Read.PYTHON:
        return _has_python(names)
    return _YES


def _has_module(place: str, names: frozenset[str] | None) -> Availability:
    if place.startswith("/") or place == "exe":
        return _YES
    if names is None:
        return Availability(Answer.UNKNOWN, "what it has mapped may not be read")
    # as the kernel process resolves it: libssl is libssl.so.3, libssl-3.so, …
    library = re.compile(re.escape(place) + r"((-[0-9][0-9.]*)?\.so(\.[0-9.]+)?)?")
    if any(library.fullmatch(name) for name in names):
        return _YES
    return Availability(Answer.NO, f"it has not mapped {place}")


def _has_python(names: frozenset[str] | None) -> Availability:
    if names is None:
        return Availability(Answer.UNKNOWN, "what it has mapped may not be read")
    if any(_PYTHON.fullmatch(name) for name in names):
        return _YES
    return Availability(Answer.NO, "it has mapped no python and no libpython")
