"""Regular expressions in linear time: the same answers as ``re``, and an answer for every input."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twtui.model.pattern import Pattern
from twtui.model.pattern_syntax import PatternError

_atoms = st.sampled_from(
    [*"abc.^$ ", r"\b", r"\B", r"\w", r"\d", "[ab]", "[^a]", "[a-c_]", r"\.", "é"]
)
_expressions = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(
            inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{,2}", "*?"])
        ).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=500)
@given(_expressions, st.text(alphabet="abc_ .\nBé", min_size=1, max_size=12), st.booleans())
def test_it_finds_what_re_finds(expression: str, text: str, ignore_case: bool) -> None:
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    # in re, a dollar also stands before a last newline
    expected = re.search(expression.replace("$", r"\Z"), text, flags) is not None
    assert Pattern(expression, ignore_case).search(text) is expected


@settings(deadline=None, max_examples=500)
@given(st.text(alphabet="ab(|)[]*+?{}1,\\.^$dbx-:", max_size=15), st.text(max_size=5))
def test_what_is_no_expression_is_refused_with_its_place(expression: str, text: str) -> None:
    place = 0
    try:
        Pattern(expression).search(text)
    except PatternError as error:
        place = error.position
    assert 0 <= place <= len(expression)


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("a**", 2), ("*", 0), ("(a", 0), ("a)", 1), ("[a", 0), (r"a\1", 1), ("(?=a)", 0), ("a{3,2}", 1),
        ("^*", 0), ("[z-a]", 0), ("a" * 600, 600), ("(" * 60, 50),
        ("((a{999}){999}){999}", 20), ("(?:(?:(?:){999}){999}){999}", 27),
    ],
)  # fmt: skip
def test_refusals(expression: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        Pattern(expression)
    assert caught.value.position == position


def test_time_grows_with_the_text_and_with_nothing_else() -> None:
    """Where a search backtracks, this one does not end."""
    pattern = Pattern("(a+)+$")
    assert not pattern.search("a" * 50_000 + "b")


def test_memory_is_bounded() -> None:
    pattern = Pattern("(a|b)*a(a|b){9}x")
    text = "".join("ab"[number * 7919 >> 5 & 1] for number in range(100_000))
    assert not pattern.search(text)
    assert pattern.search(text + "abbbbbbbbbx")
    assert len(pattern._states) <= 20_001
