"""One event's content as a line for people, for captures whose bytes are no text themselves."""

from __future__ import annotations

from twtui.model.capture import Read
from twtui.model.python_frames import BrokenFramesError, PythonFrame, decode

NO_FRAME = "no Python frame"
"""A Python thread that runs only C: at its start, at its end, or in a callback of a library."""


def frame_text(frame: PythonFrame) -> str:
    """``Greeter.greet (/srv/app.py:12)``; a question mark for a text that could not be read."""
    return f"{frame.function or '?'} ({frame.file or '?'}:{frame.line})"


def display_text(data: bytes, capture: str) -> str | None:
    """The text that stands for an event's data; as the target had it, so not escaped.

    Args:
        data: What was read.
        capture: The text of the event's capture.

    Returns:
        For ``python`` the newest frame. None: the data speaks for itself, or is not what it should.
    """
    if capture != Read.PYTHON:
        return None
    try:
        frames = decode(data)
    except BrokenFramesError:
        return None
    return frame_text(frames[0]) if frames else NO_FRAME
