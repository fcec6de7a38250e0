"""What another side says reaches the terminal as one printable line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twtui.harmless import harmless

ANY_TEXT = st.text(st.characters(), max_size=300)


@given(ANY_TEXT)
def test_nothing_but_printable_characters_comes_out(text: str) -> None:
    said = harmless(text)
    assert said.isprintable()
    said.encode()


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=100))
def test_ordinary_text_stays(text: str) -> None:
    assert harmless(text) == text


def test_escapes_and_bidi_are_written_out() -> None:
    assert harmless("\x1b[31m\u202e\n") == "\\x1b[31m\\u202e\\n"


def test_a_long_one_loses_its_end() -> None:
    assert harmless("x" * 5000, 10) == "x" * 9 + "…"
