"""What the capture ``python`` brings, unpacked: the frames of a CPython thread, newest first."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntFlag
from typing import NamedTuple

from twtui.errors import TwtuiError

PYTHON_FRAME = struct.Struct("<IHHBBH")
"""``struct tw_python_frame``; behind each the text of its function and that of its file."""
_CODECS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}
"""By bytes of a character: the forms that a compact str has (PEP 393)."""
CUT_MARK = "…"
"""Stands for the end of a name or the start of a path that did not fit."""


class TextBit(IntFlag):
    """What a frame says of each of its texts (``enum tw_python_text``)."""

    WIDTH = 7
    """Bytes of a character; 0: the text could not be read."""
    CUT = 8
    SAME = 16
    """It is that of the frame before."""


class PythonFrame(NamedTuple):
    """One frame. A text that was not in a form that can be read is empty, never guessed."""

    function: str
    """The qualified name: ``Greeter.greet``, ``main.<locals>.inner``."""
    file: str
    line: int
    """The first line of the function, from 1."""


class BrokenFramesError(TwtuiError):
    """Bytes that are not what the capture ``python`` brings."""


def _text(raw: bytes, kind: int) -> str:
    width = kind & TextBit.WIDTH
    if not width:
        return ""
    codec = _CODECS.get(width)
    if codec is None:
        raise BrokenFramesError(f"a character of {width} bytes")
    try:
        text = raw.decode(codec, "surrogatepass")
    except UnicodeDecodeError as error:
        raise BrokenFramesError(f"not a text: {error.reason}") from None
    # a name of a file that was not UTF-8 has lone surrogates in Python: shown as such
    return text.encode(errors="backslashreplace").decode()


def decode(data: bytes) -> tuple[PythonFrame, ...]:
    """The frames, newest first; none for a thread that runs nothing of Python.

    Raises:
        BrokenFramesError: The bytes hold something else.
    """
    frames: list[PythonFrame] = []
    at, end = 0, len(data)
    file = ""
    while at < end:
        if at + PYTHON_FRAME.size > end:
            raise BrokenFramesError(f"a frame is cut at byte {end}")
        line, function_bytes, file_bytes, function_kind, file_kind, _ = PYTHON_FRAME.unpack_from(
            data, at
        )
        names = at + PYTHON_FRAME.size
        files = names + function_bytes
        at = files + file_bytes
        if at > end:
            raise BrokenFramesError(f"a text claims {at - end} bytes that are not there")
        function = _text(data[names:files], function_kind)
        if function_kind & TextBit.CUT:
            function += CUT_MARK
        if not file_kind & TextBit.SAME:
            file = _text(data[files:at], file_kind)
            if file_kind & TextBit.CUT:
                file = CUT_MARK + file
        frames.append(PythonFrame(function, file, line))
    return tuple(frames)


def encode(frames: Sequence[PythonFrame]) -> bytes:
    """The inverse of ``decode``, for events that are made up; texts of at most 16,000 characters."""
    data = b""
    before = None
    for frame in frames:
        function = frame.function.encode("utf-32-le", "surrogatepass")
        same = frame.file == before
        file = b"" if same else frame.file.encode("utf-32-le", "surrogatepass")
        kind = TextBit.SAME if same else 4
        data += PYTHON_FRAME.pack(frame.line, len(function), len(file), 4, kind, 0)
        data += function + file
        before = frame.file
    return data
