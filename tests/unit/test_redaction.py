"""Redaction: what matches is blotted out in every kind of data that may hold text, and nothing else changes."""

from __future__ import annotations

import pytest

from twtui.model.python_frames import PythonFrame, decode, encode
from twtui.model.redaction import Redaction

from .support import event

SECRET = Redaction("s[e3]cret")


def redacted(capture: str, data: bytes) -> bytes:
    (found,) = SECRET.of([event(data=data)], {0: ("sample", capture)})
    return found.data


@pytest.mark.parametrize("capture", ["str(arg1)", "bytes(sp, 64)", "nonsense"])
def test_text_keeps_its_length(capture: str) -> None:
    assert redacted(capture, b"a s3cret and a secret\0") == b"a ****** and a ******\0"


def test_a_capture_that_nobody_announced_may_be_text() -> None:
    (found,) = SECRET.of([event(data=b"secret", capture=7)], {})
    assert found.data == b"******"


def test_functions_and_files_of_python_are_text() -> None:
    frames = [PythonFrame("read_secret", "/srv/app.py", 3), PythonFrame("main", "/s3cret/a.py", 9)]
    assert decode(redacted("python", encode(frames))) == (
        PythonFrame("read_******", "/srv/app.py", 3),
        PythonFrame("main", "/******/a.py", 9),
    )


def test_frames_that_cannot_be_read_are_blotted_as_they_are() -> None:
    assert redacted("python", b"\xff\xffsecret\xff") == b"\xff\xff******\xff"


def test_what_does_not_match_is_the_same_object() -> None:
    data = encode([PythonFrame("main", "/srv/app.py", 3)])
    assert redacted("python", data) is data
    assert redacted("u64(arg1)", b"secret78") == b"secret78"


def test_registers_may_hold_anything_and_are_left_out() -> None:
    (found,) = SECRET.of([event(data=b"x", registers=b"secret")], {0: ("sample", "none")})
    assert found.registers == b""
