"""The filter language: what each term matches, where errors are, and that nothing else can happen."""

from __future__ import annotations

import struct
from types import MappingProxyType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twtui.model.content import Names
from twtui.model.enums import EventFlag, MapKind, Mode
from twtui.model.event import NOT_TRIED, Event
from twtui.model.filter import MAX_LENGTH, FilterError, parse_filter
from twtui.model.filter_terms import quoted
from twtui.model.python_frames import PythonFrame, encode

DEFERRED = int(EventFlag.DEFERRED)
EVENT = Event(
    trigger_ns=1_000_000, ran_ns=1_150_000, address=0, nofault=-14, result=12, pid=4242, tid=4243,
    wanted_bytes=0, trigger_cpu=0, ran_cpu=1, map_kind=MapKind.LRU_HASH, mode=Mode.SIGNAL, capture=0,
    flags=DEFERRED, comm=b"redis-server", data=b"/etc/Redis.conf",
)  # fmt: skip


def matches(
    text: str,
    event: Event = EVENT,
    capture: str = "str(arg2)",
    names: Names = MappingProxyType({}),
) -> bool:
    return parse_filter(text).matches(event, "syscall:openat", capture, names)


@pytest.mark.parametrize(
    "text",
    [
        "pid:4242", "pid:1,4242", "tid:4243", "comm:redis", "comm:redis-*", "comm:x,*server",
        "map:lru_hash", "map:lru", "map:hash,lru_hash", "mode:signal", "trigger:openat",
        "trigger:syscall:open*", "delay>100us", "delay>=150us", "delay<=0.15ms", "delay<1s",
        "rescued", "!truncated", "!gone", "!failed", "redis", "Redis", '"/etc/redis"', "text:redis",
        'text:"etc"', "text~/^.etc.[A-Z]/", "text~/REDIS/i", r"text~/\/etc\/R/", "pid:1 or redis",
        "redis and rescued", "redis rescued", "!(pid:1 or pid:2)", "!!redis", "! pid:1", "/etc/Redis.conf",
        "(pid:1 or redis) mode:signal", "PID:4242", "RESCUED", 'comm:"redis-server"',
    ],
)  # fmt: skip
def test_what_matches(text: str) -> None:
    assert matches(text)
    assert not matches(f"!({text})")


def test_an_empty_filter_matches_everything() -> None:
    assert matches("")
    assert matches("  ")
    assert not parse_filter(" ")


@pytest.mark.parametrize(
    "text",
    [
        "pid:4243", "tid:4242", "comm:nginx", "comm:redis?", "map:hash", "mode:resume", "trigger:read",
        "delay>150us", "delay<150us", "REDIS", "truncated", "kept", "direct", "pid:4242 pid:1",
        "pid:1 or pid:2", "text~/^redis/", "redis and !rescued", '"etc/x"',
    ],
)  # fmt: skip
def test_what_does_not_match(text: str) -> None:
    assert not matches(text)


def test_flags_of_events() -> None:
    gone = EVENT._replace(flags=DEFERRED | EventFlag.GONE | EventFlag.KEPT, result=-3)
    assert matches("gone kept failed !rescued", gone)
    direct = EVENT._replace(flags=0, ran_ns=0, nofault=15, result=NOT_TRIED)
    assert matches("direct !failed !delay>0ns !delay<9s", direct)
    assert matches("truncated", EVENT._replace(flags=DEFERRED | EventFlag.TRUNCATED))
    assert matches("failed", direct._replace(nofault=-14))
    assert not matches("failed", direct._replace(nofault=NOT_TRIED))


def test_numbers_and_functions_are_text_too() -> None:
    number = EVENT._replace(data=(0x1234).to_bytes(8, "little"))
    assert matches("4660 0x1234", number, "u64(arg1)")
    assert not matches("4660", number, "bytes(arg1, 8)")
    python = EVENT._replace(data=encode([PythonFrame("Greeter.greet", "/srv/app.py", 3)]))
    assert matches("greeter.greet", python, "python")
    assert matches("text~/^Greeter/", python, "python")


def test_case_counts_only_when_there_are_capitals() -> None:
    assert matches("redis.conf")
    assert not matches("REDIS.conf")
    german = EVENT._replace(data="ÜBERSICHT".encode())
    assert matches("übersicht", german)
    assert not matches("Übersicht", german)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("pid:12,x", 7, "no PID"),
        ("pid:", 4, "missing"),
        ("pid:1,,2", 6, "missing"),
        ("foo:1", 0, "unknown field"),
        ("redis pdi:1", 6, "unknown field"),
        ("map:tree", 4, "hash, array, lru_hash"),
        ("mode:loud", 5, "resume, signal"),
        ("delay:5us", 5, "delay>"),
        ("delay>5", 6, "500ns"),
        ("delay>fast", 6, "500ns"),
        ("(pid:1", 0, "not closed"),
        ("pid:1)", 5, "no parenthesis"),
        ('a "b', 2, "quotes"),
        ('a"b"', 1, "whole"),
        ('"a"b', 2, "follow"),
        ('""', 0, "empty"),
        ("or a", 0, "missing"),
        ("a or", 4, "missing"),
        ("a and )", 6, "missing"),
        ("!", 1, "missing"),
        ("()", 1, "missing"),
        ("text~/a(/", 7, "not closed"),
        (r"text~/\/(/", 8, "not closed"),
        ("text~/a", 5, "not closed"),
        ("text~/a/x", 8, "unknown flag"),
        ("text~a", 5, "text~/"),
        (r"text~/(a)\1/", 9, "escape"),
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH, "at most"),
        ("!" * 200, 50, "deeply"),
    ],
)
def test_errors_are_told_with_their_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert (caught.value.position, words in caught.value.problem) == (position, True), caught.value
    assert caught.value.exit_code == 2
    assert caught.value.hint.splitlines()[1].index("^") <= 41


_words = st.one_of(
    st.sampled_from(
        ["rescued", "failed", "pid:1,2", "tid:4243", "comm:redis*", "comm:a,b", "map:lru", "mode:signal",
         "trigger:openat", "delay>100us", "delay<=2.5ms", "text~/a.b|c/i", 'text:"x y"']
    ),
    st.text(max_size=8).filter(bool).map(quoted),
)  # fmt: skip
_filters = st.recursive(
    _words,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(" ".join),
        st.lists(inner, min_size=1, max_size=3).map(" or ".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(_filters)
def test_the_canonical_text_means_the_same(text: str) -> None:
    parsed = parse_filter(text)
    again = parse_filter(str(parsed))
    assert str(again) == str(parsed)
    assert again == parsed
    for event in (EVENT, EVENT._replace(data=b"axb c", flags=0, result=-14)):
        found = parsed.matches(event, "sample", "none", {})
        assert found == again.matches(event, "sample", "none", {})


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(max_size=60), st.text(alphabet='()!"\\/~:<>=,.* ptxdelaior09mus', max_size=40)
    )
)
@example("text~/[[a]/")
@example("text~/[z-a]/")
@example("text~/\\U99999999/")
@example("text~/a{,}{1/")
def test_garbage_raises_nothing_but_an_error_with_a_place(text: str) -> None:
    place = 0
    try:
        parsed = parse_filter(text)
    except FilterError as error:
        place = error.position
    else:
        parsed.matches(EVENT, "sample", "stack", {})
        assert str(parse_filter(str(parsed))) == str(parsed)
    assert 0 <= place <= len(text)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_any_words_can_be_looked_for(words: str) -> None:
    event = EVENT._replace(data=b"before " + words.encode("utf-8", "surrogatepass") + b" after")
    if words == words.encode("utf-8", "ignore").decode():
        assert matches(quoted(words), event)


def test_no_expression_takes_long() -> None:
    """Where a search backtracks, these do not end."""
    hostile = EVENT._replace(data=b"a" * 4095 + b"!")
    for text in ("text~/(a+)+$/", "text~/(a|a)*b/", "text~/.*.*.*.*x/", "text~/(a*)*(a*)*b/"):
        assert not matches(text, hostile)


KERNEL_TEXT = 0xFFFF_FFFF_8100_0000
STACK = EVENT._replace(data=struct.pack("<3Q", 0x5000, 0x5100, KERNEL_TEXT))
NAMES = {
    (4242, 0x5000): "dictFind+0x10 (redis-server)",
    (4242, 0x5100): "lookupKey+0x4 (redis-server)",
    (0, KERNEL_TEXT): "do_syscall_64+0x4 (kernel)",
}


@pytest.mark.parametrize(
    "text",
    [
        "dictfind",
        "lookupKey",
        '"(redis-server)"',
        "text~/^do_syscall/",
        "text~/LOOKUP/i",
        "!0x5000",
    ],
)
def test_stacks_are_searched_by_the_names_of_their_frames(text: str) -> None:
    assert matches(text, STACK, "stack", NAMES)


def test_the_names_are_those_of_the_process_of_the_event() -> None:
    assert not matches("dictFind", STACK._replace(pid=1), "stack", NAMES)
    assert matches("0x5000", STACK._replace(pid=1), "stack", NAMES)


FRAMES = EVENT._replace(
    data=encode(
        [PythonFrame("handle", "/shop/views.py", 12), PythonFrame("main", "/shop/app.py", 3)]
    )
)


@pytest.mark.parametrize(
    "text", ["handle", "views.py", '"shop/views.py:12"', "text~/main .*app/", '!"app.py:12"']
)
def test_python_frames_are_searched_by_function_and_place(text: str) -> None:
    assert matches(text, FRAMES, "python")
