"""Where the members lie that lead to a CPython's frames: known for 3.11 and 3.12, told by 3.13 and later."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import NamedTuple

from twtui.errors import NoSuchTargetError, PermissionDeniedError, UnsupportedError, UsageError
from twtui.kernel.names.symbols import symbol_address
from twtui.kernel.processes.targets import memory_holder
from twtui.kernel.run.maps import SharedMaps
from twtui.model.capture import PYTHON_RUNTIME
from twtui.wire.layout import PYTHON_OFFSETS, PYTHONS

SUPPORTED = "the python capture reads CPython 3.11, 3.12, 3.13 and 3.14"
_COOKIE = b"xdebugpy"
_VERSION_SYMBOL = "Py_Version"
_RELEASE_CANDIDATE = 0xC
_WORD = struct.Struct("<Q")


class PythonOffsets(NamedTuple):
    """``struct tw_python_offsets``, where each member is explained."""

    interpreters_head: int
    next_interpreter: int
    threads_head: int
    next_thread: int
    native_thread_id: int
    thread_holder: int
    current_frame: int
    frame_code: int
    frame_previous: int
    frame_owner: int
    code_function: int
    code_file: int
    code_line: int
    text_length: int
    text_state: int
    text_ascii: int
    text_wide: int


TABLES = {
    # offsetof() over the headers of 3.11.7 and 3.12.1; what a release has, its later patches keep
    (3, 11): PythonOffsets(
        interpreters_head=40, next_interpreter=0, threads_head=16,
        next_thread=8, native_thread_id=160, thread_holder=56, current_frame=8,
        frame_code=32, frame_previous=48, frame_owner=69,
        code_function=128, code_file=112, code_line=72,
        text_length=16, text_state=32, text_ascii=48, text_wide=72,
    ),
    (3, 12): PythonOffsets(
        interpreters_head=40, next_interpreter=0, threads_head=72,
        next_thread=8, native_thread_id=144, thread_holder=56, current_frame=0,
        frame_code=0, frame_previous=8, frame_owner=70,
        code_function=128, code_file=112, code_line=68,
        text_length=16, text_state=32, text_ascii=40, text_wide=56,
    ),
}  # fmt: skip
"""By version, on 64-bit machines."""

_GROUPS = (
    "head runtime interpreter thread frame code object type tuple list dict float long bytes text"
).split()
_WORDS = {
    (3, 13): dict(zip(_GROUPS, (3, 3, 13, 9, 6, 10, 2, 4, 3, 3, 3, 2, 3, 3, 4), strict=True)),
    # 3.14 has sets too, between lists and dictionaries: seven words in the place of three
    (3, 14): dict(zip(_GROUPS, (3, 3, 16, 9, 8, 11, 2, 4, 3, 3, 7, 2, 3, 3, 4), strict=True)),
}
"""64-bit words in each group of ``struct _Py_DebugOffsets`` up to the last that is used here."""
_UTF8_BYTES = 16
"""What a str that is not ASCII has between the members of any str and its characters."""
_LARGEST_OFFSET = 1 << 20


def version_text(version: int) -> str:
    """``3.13.5`` for 0x030d05f0, ``3.14.0rc1`` for 0x030e00c1."""
    level = {0xA: "a", 0xB: "b", 0xC: "rc"}.get(version >> 4 & 15, "")
    number = f"{version >> 24}.{version >> 16 & 255}.{version >> 8 & 255}"
    return f"{number}{level}{version & 15}" if level else number


def from_debug_offsets(read: Callable[[int, int], bytes]) -> PythonOffsets:
    """The offsets that an interpreter from 3.13 on tells of itself.

    Args:
        read: Yields bytes of ``_PyRuntime``: from, how many.

    Raises:
        UnsupportedError: Of a version that is not known here, or not what that version has.
    """
    (version,) = _WORD.unpack(read(8, 8))
    words = _WORDS.get((version >> 24, version >> 16 & 255))
    if words is None or version >> 4 & 15 < _RELEASE_CANDIDATE:
        raise _unsupported(version)
    total = sum(words.values())
    values = struct.unpack(f"<{total}Q", read(0, 8 * total))
    groups: dict[str, tuple[int, ...]] = {}
    at = 0
    for name, count in words.items():
        groups[name] = values[at : at + count]
        at += count
    if groups["head"][2]:
        raise UnsupportedError(
            f"CPython {version_text(version)} is a free-threaded build",
            f"{SUPPORTED}, with the GIL",
        )
    interpreter, thread, frame = groups["interpreter"], groups["thread"], groups["frame"]
    code, text = groups["code"], groups["text"]
    found = PythonOffsets(
        interpreters_head=groups["runtime"][2],
        next_interpreter=interpreter[2], threads_head=interpreter[3],
        next_thread=thread[2], native_thread_id=thread[6],
        thread_holder=0, current_frame=thread[4],
        frame_code=frame[2], frame_previous=frame[1], frame_owner=frame[5],
        code_function=code[3], code_file=code[1], code_line=code[5],
        text_length=text[2], text_state=text[1],
        text_ascii=text[3], text_wide=text[3] + _UTF8_BYTES,
    )  # fmt: skip
    if max(found) >= _LARGEST_OFFSET:
        raise UnsupportedError(
            f"CPython {version_text(version)} does not say where its frames are",
            "report it with the output of python3 -VV",
        )
    return found


def from_version(version: int) -> PythonOffsets:
    """The offsets of a version before 3.13.

    Raises:
        UnsupportedError: There is no table for it.
    """
    table = TABLES.get((version >> 24, version >> 16 & 255))
    if table is None or version >> 4 & 15 < _RELEASE_CANDIDATE:
        raise _unsupported(version)
    return table


def _unsupported(version: int) -> UnsupportedError:
    return UnsupportedError(f"CPython {version_text(version)} is not supported", SUPPORTED)


def read_memory(pid: int, address: int, size: int) -> bytes:
    """Bytes of a process's memory.

    Raises:
        TwtuiError: They cannot be read.
    """
    try:
        memory = os.open(f"/proc/{memory_holder(pid)}/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(memory, size, address)
        finally:
            os.close(memory)
    except PermissionError:
        raise PermissionDeniedError(
            f"the memory of process {pid} may not be read",
            "run it with sudo, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        ) from None
    except OSError:
        data = b""
    if len(data) < size:
        raise NoSuchTargetError(f"process {pid} has ended", "pick another process")
    return data


def offsets_of(pid: int) -> PythonOffsets:
    """The offsets of the CPython that a process runs.

    Raises:
        UsageError: It runs none, or one before 3.11.
        UnsupportedError: It runs a version that is not supported.
        TwtuiError: It has ended, or its memory may not be read.
    """
    try:
        runtime = symbol_address(pid, PYTHON_RUNTIME)
    except UsageError:
        raise UsageError(f"process {pid} does not run CPython", SUPPORTED) from None
    if read_memory(pid, runtime, len(_COOKIE)) == _COOKIE:
        return from_debug_offsets(lambda start, size: read_memory(pid, runtime + start, size))
    try:
        place = symbol_address(pid, _VERSION_SYMBOL)
    except UsageError:
        raise UsageError(f"process {pid} runs a CPython before 3.11", SUPPORTED) from None
    return from_version(_WORD.unpack(read_memory(pid, place, 8))[0])


class PythonsOfRun:
    """The offsets that the targets of one run need, each once, in the map of the programs."""

    def __init__(self, maps: SharedMaps) -> None:
        self._maps = maps
        self._known: dict[PythonOffsets, int] = {}

    def index_of(self, pid: int) -> int:
        """The index of a process's offsets, from 1; stored when they are new.

        Raises:
            TwtuiError: As ``offsets_of``.
        """
        offsets = offsets_of(pid)
        if offsets not in self._known:
            index = len(self._known) + 1
            if index >= PYTHONS:
                raise UsageError(
                    f"the targets run more than {PYTHONS - 1} builds of CPython", "watch fewer"
                )
            self._maps.set_python_offsets(index, PYTHON_OFFSETS.pack(*offsets))
            self._known[offsets] = index
        return self._known[offsets]
