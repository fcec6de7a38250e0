"""JSON that strict parsers take: no half of a character, and nothing else changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.json_text import compact, indented


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\udc00\ud800", r"\udc00\ud800"),
        ("\U0001f600", "\U0001f600"),
        ("\ud83d\ud83d\ude00", "\\ud83d\U0001f600"),
        (r"\ud800", r"\ud800"),
        ("\\\udcff", r"\\xff"),
    ],
)
def test_half_characters_are_written_out(text: str, written: str) -> None:
    assert json.loads(compact(text)) == written


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whole_characters_stay(text: str) -> None:
    assert json.loads(compact([text])) == [text]
    assert json.loads(indented({"a": text})) == {"a": text}


@given(st.text(st.characters(), max_size=40))
def test_any_text_can_be_parsed_strictly(text: str) -> None:
    written = compact({text: text})
    assert written.isascii()
    json.dumps(json.loads(written), ensure_ascii=False).encode()
