"""What the capture ``python`` brings is decoded as it was meant, or refused; and how it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.commands import plain
from twtui.model.display import NO_FRAME, display_text
from twtui.model.enums import EventFlag
from twtui.model.python_frames import (
    CUT_MARK,
    PYTHON_FRAME,
    BrokenFramesError,
    PythonFrame,
    TextBit,
    decode,
    encode,
)
from twtui.model.snapshot import BackendInfo
from twtui.ui.glyphs import UNICODE
from twtui.ui.views.payload import payload_spans

from .support import event

# lone surrogates are no part of what encode() can be given
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
frames = st.lists(st.builds(PythonFrame, texts, texts, st.integers(0, 2**32 - 1)), max_size=8)


def record(line: int, function: tuple[bytes, int], file: tuple[bytes, int]) -> bytes:
    head = PYTHON_FRAME.pack(line, len(function[0]), len(file[0]), function[1], file[1], 0)
    return head + function[0] + file[0]


@given(frames)
def test_decoding_undoes_encoding(made: list[PythonFrame]) -> None:
    assert decode(encode(made)) == tuple(made)


@given(st.binary(max_size=400))
def test_garbage_is_refused_cleanly(data: bytes) -> None:
    try:
        found = decode(data)
    except BrokenFramesError:
        assert display_text(data, "python") is None
        return
    for frame in found:
        (frame.function + frame.file).encode()
    assert display_text(data, "python") is not None


@given(frames.filter(bool), st.data())
def test_a_cut_record_is_refused_or_has_fewer_frames(
    made: list[PythonFrame], data: st.DataObject
) -> None:
    whole = encode(made)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = decode(part)
    except BrokenFramesError:
        return
    assert found == tuple(made[: len(found)])
    assert len(found) < len(made)


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        (b"main", 1, "main"),
        ("größe".encode("latin-1"), 1, "größe"),
        ("函数".encode("utf-16-le"), 2, "函数"),
        ("𐎠".encode("utf-32-le"), 4, "𐎠"),
        (b"", 1, ""),
        (b"", 0, ""),
        (b"na", 1 | TextBit.CUT, f"na{CUT_MARK}"),
        # a file name that was not UTF-8: Python keeps its bytes as lone surrogates
        ("\udcff.py".encode("utf-16-le", "surrogatepass"), 2, "\\udcff.py"),
    ],
)
def test_every_form_of_a_text(raw: bytes, kind: int, text: str) -> None:
    (frame,) = decode(record(7, (raw, kind), (b"f.py", 1)))
    assert frame == PythonFrame(text, "f.py", 7)


def test_a_cut_path_keeps_its_end_and_a_file_is_said_once() -> None:
    data = record(1, (b"f", 1), (b"/end.py", 1 | TextBit.CUT))
    data += record(2, (b"g", 1), (b"", TextBit.SAME))
    assert decode(data) == (
        PythonFrame("f", f"{CUT_MARK}/end.py", 1),
        PythonFrame("g", f"{CUT_MARK}/end.py", 2),
    )


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"abc", 3), (b"abc", 7), (b"abc", 2), (b"abc", 4), (b"\xff\xff\xff\xff", 4)],
)
def test_a_text_of_no_form_is_refused(raw: bytes, kind: int) -> None:
    with pytest.raises(BrokenFramesError):
        decode(record(1, (raw, kind), (b"", 1)))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ([PythonFrame("f", "/a.py", 3), PythonFrame("g", "/b.py", 4)], "f (/a.py:3)"),
        ([PythonFrame("", "", 3)], "? (?:3)"),
        ([], NO_FRAME),
    ],
)
def test_one_line_says_where_it_is(made: list[PythonFrame], text: str) -> None:
    assert display_text(encode(made), "python") == text


def test_other_captures_speak_for_themselves() -> None:
    assert display_text(b"/etc/passwd", "str(arg1)") is None


def test_the_screen_and_the_text_lines_show_the_newest_frame_made_harmless() -> None:
    made = [PythonFrame("gr\x1b[31möße", "/srv/app.py", 3), PythonFrame("main", "/srv/app.py", 9)]
    item = event(data=encode(made), flags=EventFlag.DEFERRED | EventFlag.TRUNCATED, wanted_bytes=0)
    shown = "gr\\x1b[31möße (/srv/app.py:3)"
    assert payload_spans(item, "python", 80, UNICODE) == [(shown, "")]
    assert payload_spans(item, "python", 12, UNICODE)[0][0].startswith("gr\\x1b[31m")
    assert plain.event_line(item, {0: ("sample", "python")}, BackendInfo("test")).endswith(shown)
