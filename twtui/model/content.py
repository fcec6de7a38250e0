"""What an event brought, as text to search in and to group by: strings, numbers, names of functions."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache

from twtui.model import python_frames
from twtui.model.capture import NUMBER_BYTES, Read, decode_number
from twtui.model.display import frame_text
from twtui.model.event import Event

_OF_FUNCTIONS = (Read.STACK, Read.PYTHON)
Names = Mapping[tuple[int, int], str]
"""Of stack addresses, by process (0: the kernel) and address."""


def addresses_of(data: bytes) -> tuple[int, ...]:
    """The addresses of a stack, newest first: data has the user's part before the kernel's."""
    words = [word for (word,) in struct.iter_unpack("<Q", data[: len(data) & ~7])]
    kernel = [word for word in words if word >> 63]
    return (*kernel, *(word for word in words if not word >> 63))


@lru_cache(maxsize=4096)
def functions_of(data: bytes, read: Read) -> tuple[str, ...]:
    """Functions of a stack, newest first; addresses where there are no names, none for other reads."""
    if read is Read.STACK:
        return tuple(f"0x{address:x}" for address in addresses_of(data))
    if read is Read.PYTHON:
        try:
            return tuple(frame.function or "?" for frame in python_frames.decode(data))
        except python_frames.BrokenFramesError:
            return ()
    return ()


def frames_of(event: Event, read: Read, names: Names) -> tuple[str, ...]:
    """The frames of a stack as people read them, newest first; none for other reads.

    Args:
        event: Any.
        read: What was read.
        names: Of stack addresses, by process (0: the kernel) and address.
    """
    if read is Read.PYTHON:
        try:
            return tuple(map(frame_text, python_frames.decode(event.data)))
        except python_frames.BrokenFramesError:
            return ()
    return named_frames(event.data, event.pid, names) if read is Read.STACK else ()


def named_frames(data: bytes, pid: int, names: Names) -> tuple[str, ...]:
    """The frames of a stack of addresses, newest first; an address where there is no name.

    Args:
        data: What was read.
        pid: The process whose stack it is.
        names: Of stack addresses, by process (0: the kernel) and address.
    """
    return tuple(
        names.get((0 if address >> 63 else pid, address)) or f"0x{address:x}"
        for address in addresses_of(data)
    )


def stack_text(event: Event, read: Read, names: Names) -> str | None:
    """The frames of a stack in one line, newest first; None for other reads, and where there are none."""
    frames = frames_of(event, read, names) if read is Read.STACK else ()
    return " < ".join(frames) if frames else None


def function_of(event: Event, read: Read, names: Names) -> str:
    """The newest function of the user's part of a stack, without the place; empty where there is none.

    Of a module without symbols it is the module, as single addresses tell nothing.
    """
    if read is Read.STACK:
        newest = frames_of(event._replace(data=event.data[:8]), read, names)
        function = newest[0].partition("+0x")[0] if newest else ""
        module = function.partition(" (")[2] if function.startswith("0x") else ""
        return f"[{module.rstrip(')')}]" if module else function
    functions = functions_of(event.data, read)
    return functions[0] if functions else ""


def is_plain(read: Read) -> bool:
    """The data is what the target had, to be taken as text."""
    return read not in NUMBER_BYTES and read not in _OF_FUNCTIONS


def searched_text(event: Event, read: Read, names: Names) -> str:
    """What a filter looks at: the data as text, and the frames of a stack by their names, a line each.

    Args:
        event: Any.
        read: What was read.
        names: Of stack addresses, by process (0: the kernel) and address.
    """
    if read in _OF_FUNCTIONS:
        return "\n".join(frames_of(event, read, names))
    return text_of(event, read)


def text_of(event: Event, read: Read) -> str:
    """The data as text, whatever was read; bytes that are not UTF-8 become replacement characters."""
    number = decode_number(read, event.data)
    if number is not None:
        return f"{number} 0x{number & (1 << 64) - 1:x}"
    if read in _OF_FUNCTIONS:
        return "\n".join(functions_of(event.data, read))
    return event.data.decode("utf-8", "replace")
