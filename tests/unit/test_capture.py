"""Capture expressions: the grammar, its one canonical text, and errors that say where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.model import capture
from twtui.model.capture import (
    MAX_DATA_BYTES,
    MAX_DEREFERENCES,
    NUMBER_BYTES,
    WHOLE,
    Base,
    BaseKind,
    Capture,
    Read,
    parse_capture,
)
from twtui.model.capture_words import CaptureError

names = st.sampled_from(["arg1", "arg6", "ret", "ip", "sp", "rdi", "r10", "x19", "orig_rax"])
registers = st.builds(
    lambda name, at_entry: Base(BaseKind.REGISTER, name=name, at_entry=at_entry),
    names,
    st.booleans(),
)
bases = (
    registers
    | st.builds(lambda value: Base(BaseKind.CONSTANT, value), st.integers(0, 2**64 - 1))
    | st.builds(
        lambda name: Base(BaseKind.SYMBOL, name=name), st.from_regex(r"[\w.@$]+", fullmatch=True)
    )
)
offsets = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=MAX_DEREFERENCES + 1).map(
    tuple
)
lengths = registers | st.builds(
    lambda value: Base(BaseKind.CONSTANT, value), st.integers(1, MAX_DATA_BYTES)
)
memory = st.sampled_from([read for read in Read if read not in (*WHOLE, Read.BYTES)])
captures = (
    st.sampled_from([parse_capture(read) for read in WHOLE])
    | st.builds(Capture, memory, bases, offsets)
    | st.builds(Capture, st.just(Read.BYTES), bases, offsets, lengths)
)


def test_every_read_is_in_the_grammar_and_a_number_has_its_size() -> None:
    grammar = (capture.__doc__ or "").replace("(", " ").split()
    assert {read for read in Read if read is not Read.VALUE} <= set(grammar)
    assert set(Read) - set(NUMBER_BYTES) == {*WHOLE, Read.STRING, Read.BYTES}


@given(captures)
def test_the_text_parses_to_the_same_capture(capture: Capture) -> None:
    assert parse_capture(str(capture)) == capture


@given(st.text(max_size=60) | st.text("straygbu(6)*+-, 0x18_.:emn", max_size=60))
def test_garbage_is_refused_with_a_position(text: str) -> None:
    refused = None
    try:
        capture = parse_capture(text)
    except CaptureError as error:
        refused = error
    if refused is None:
        assert parse_capture(str(capture)) == capture
    else:
        assert 0 <= refused.position <= len(text)
        assert "\n" not in refused.message


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("str(arg2)", "str(arg2)"),
        ("bytes(arg2, arg3)", "bytes(arg2, arg3)"),
        (" bytes ( sp,64 ) ", "bytes(sp, 64)"),
        ("u64(arg1+8)", "u64(arg1+8)"),
        ("u64(arg1 + 0x10 - 8)", "u64(arg1+8)"),
        ("str(*sym:environ)", "str(*sym:environ)"),
        ("str(0x55d0c0de)", "str(0x55d0c0de)"),
        ("str(*(arg1+16))", "str(*(arg1+16))"),
        ("ptr(**(*(sp-8))+4)", "ptr(***(sp-8)+4)"),
        ("bytes(entry.arg2, ret)", "bytes(entry.arg2, ret)"),
        ("stack", "stack"),
        (" python ", "python"),
        ("none", "none"),
    ],
)
def test_examples(text: str, canonical: str) -> None:
    assert str(parse_capture(text)) == canonical


def test_offsets_belong_to_their_dereference() -> None:
    capture = parse_capture("str(*(arg1+16)-4)")
    assert capture.offsets == (16, -4)
    assert capture.dereferences == 1


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("string(arg1)", 0),
        ("python(arg1)", 6),
        ("str", 3),
        ("str(", 4),
        ("str(arg7)", 4),
        ("str(nosuch)", 4),
        ("str(arg1", 8),
        ("str(arg1) x", 10),
        ("str(arg1+)", 9),
        ("str(arg1+010)", 9),
        ("str(arg1,8)", 8),
        ("bytes(arg1)", 10),
        ("bytes(sp, 0)", 10),
        ("bytes(sp, 4097)", 10),
        ("bytes(sp, sym:size)", 10),
        ("u64(0x10000000000000000)", 4),
        ("u64(sp+9223372036854775808)", 7),
        ("u64(" + "9" * 5000 + ")", 4),
        ("u64(*****sp)", 4),
    ],
)
def test_the_error_says_where(text: str, position: int) -> None:
    with pytest.raises(CaptureError) as caught:
        parse_capture(text)
    assert caught.value.position == position
    line, pointer = caught.value.hint.split("\n")
    assert pointer.index("^") <= len(line)


def test_nesting_is_bounded() -> None:
    with pytest.raises(CaptureError, match="nested"):
        parse_capture("u64(" + "(" * 10_000)


def test_a_hostile_text_is_not_echoed_raw() -> None:
    with pytest.raises(CaptureError) as caught:
        parse_capture("str(\x1b[31m)")
    assert "\x1b" not in caught.value.hint
