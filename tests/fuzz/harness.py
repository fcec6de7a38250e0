"""What a fuzzer does with one input: only our own errors may come of it, in bounded time and memory."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.corpus import CORPUS
from twtui.errors import TwtuiError

MOST_CPU_S = 20.0
"""For one input. Not a measure of speed: what takes so long would never end."""
MOST_MEMORY_BYTES = 1 << 30
"""More than before, for one input."""
MOST_MESSAGE = 1 << 16
_PAGE_BYTES = resource.getpagesize()


class Harness(NamedTuple):
    """One input to fuzz."""

    inputs: st.SearchStrategy[Any]
    run: Callable[[Any], None]
    """Takes one input; may raise TwtuiError and nothing else."""
    weight: int = 1
    """How much of the time it gets."""
    sound: Any = None
    """An input that nothing is wrong with: one that is refused would mean that nothing is tried."""


class StuckError(Exception):
    """An input takes far too long."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Within it, what needs too much processor time or memory fails."""

    def give_up(_number: int, _frame: object) -> None:
        raise StuckError(f"more than {MOST_CPU_S:.0f} s of processor time")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
    resource.setrlimit(resource.RLIMIT_AS, (pages * _PAGE_BYTES + MOST_MEMORY_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)


def survives(harness: Harness, given: Any) -> None:
    """Run one input.

    Raises:
        Exception: Another than our own came of it.
    """
    with bounded():
        try:
            harness.run(given)
        except TwtuiError as error:
            if not 0 < len(error.message) < MOST_MESSAGE:
                raise ValueError(f"a message of {len(error.message)} characters") from error


hostile_texts = st.one_of(
    st.sampled_from([data.decode("utf-8", "surrogateescape") for data in CORPUS.values()]),
    st.text(st.characters(), max_size=30),
)
hostile_bytes = st.one_of(st.sampled_from(list(CORPUS.values())), st.binary(max_size=200))
hostile_numbers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**32, 2**32 - 1, 2**63, 2**63 - 1, -(2**63), 2**64, 10**4000]),
    st.floats(),
)
json_values = st.recursive(
    st.none() | st.booleans() | hostile_numbers | hostile_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_texts, inner, max_size=3),
    max_leaves=6,
)


def words_of(*words: str) -> st.SearchStrategy[str]:
    """Texts made of the words of a grammar, and of what is none of them."""
    return st.lists(st.sampled_from(words) | hostile_texts, max_size=14).map("".join)


@st.composite
def changed_json(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value in which one thing somewhere is another, is missing or comes twice."""
    places = list(_places(value))
    if not places:
        return draw(json_values)
    path = draw(st.sampled_from(places))
    return _changed(value, path, draw)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], draw: st.DrawFn) -> Any:
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _changed(value[key], tuple(rest), draw)
    elif draw(st.integers(0, 5)) == 0:
        del copy[key]
    else:
        copy[key] = draw(json_values)
    return copy


@st.composite
def changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes of which some are others, some are gone and some come twice."""
    content = bytearray(data)
    for _ in range(draw(st.integers(1, 8))):
        if not content:
            break
        at = draw(st.integers(0, len(content) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                content[at] = draw(st.integers(0, 255))
            case 1:
                content[at : at + 4] = draw(
                    st.sampled_from([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f", b"\x80" * 4])
                )
            case 2:
                content[at : at + 8] = draw(st.sampled_from([b"\xff" * 8, bytes(8)]))
            case 3:
                del content[at : at + draw(st.integers(1, 64))]
            case 4:
                content[at:at] = draw(hostile_bytes)
    return bytes(content)
