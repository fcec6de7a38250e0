"""The single terms of the filter language: one word each, made into a test of an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt

from twtui.model.capture import read_of
from twtui.model.content import Names, is_plain, searched_text
from twtui.model.enums import EventFlag, MapKind, Mode
from twtui.model.event import NOT_TRIED, Event
from twtui.model.pattern import Pattern
from twtui.model.pattern_syntax import PatternError

Matches = Callable[[Event, str, str, Names], bool]
"""Of an event, the text of its trigger, the text of its capture, and the names of stack addresses."""
Term = tuple[str, Matches]
"""Canonical text, and what it matches."""

_FIELD = re.compile(r"([A-Za-z_]+)(:|~|<=|>=|<|>)")
_PLAIN = re.compile(r'[^\s()!"\\:~<>=,/][^\s()"\\:~<>=]*')
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s)")
_UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_RESERVED = frozenset(("and", "or"))


class TermError(ValueError):
    """Not a term; ``position`` is where in the word, in characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message, self.position = message, position


def _failed(event: Event, *_: object) -> bool:
    result = event.nofault if event.result == NOT_TRIED else event.result
    return bool(event.flags & EventFlag.GONE) or (result < 0 and result != NOT_TRIED)


_FLAGS: dict[str, Matches] = {
    "rescued": lambda event, *_: event.rescued,
    "truncated": lambda event, *_: event.truncated,
    "gone": lambda event, *_: bool(event.flags & EventFlag.GONE),
    "kept": lambda event, *_: bool(event.flags & EventFlag.KEPT),
    "failed": _failed,
    "direct": lambda event, *_: event.delay_ns is None,
}
FIELD_WORDS = ("pid:", "tid:", "comm:", "map:", "mode:", "trigger:", "delay>", "text:", "text~/")


def is_flag(word: str) -> bool:
    """The word is one of the flags."""
    return word.lower() in _FLAGS


def flag_term(word: str) -> Term:
    """The term of a flag."""
    return word.lower(), _FLAGS[word.lower()]


def quoted(text: str) -> str:
    """The text as a word of the language, in quotes only where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED and not is_flag(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(word: str, start: int = 0) -> str:
    """The value of a word that may be in quotes, as a whole."""
    if not word.startswith('"'):
        if '"' in word:
            raise TermError("quotes enclose a whole value", start + word.index('"'))
        return word
    value, at = "", 1
    while at < len(word) and word[at] != '"':
        at += word[at] == "\\"
        value += word[at : at + 1]
        at += 1
    if at != len(word) - 1:
        raise TermError("nothing may follow the quotes", start + at)
    return value


def _parts(value: str, start: int) -> list[tuple[str, int]]:
    """The values of a list with commas, with their places in the word."""
    if value.startswith('"'):
        return [(_unquoted(value, start), start)]
    found, at = [], start
    for part in value.split(","):
        if not part:
            raise TermError("a value is missing here", at)
        found.append((_unquoted(part, at), at))
        at += len(part) + 1
    return found


def _numbers(name: str, value: str, start: int) -> Term:
    numbers = []
    for part, at in _parts(value, start):
        if not re.fullmatch(r"[0-9]{1,10}", part):
            raise TermError(f"{part!r} is no {name.upper()}", at)
        numbers.append(int(part))
    wanted = frozenset(numbers)
    text = f"{name}:{','.join(map(str, numbers))}"
    if name == "pid":
        return text, lambda event, *_: event.pid in wanted
    return text, lambda event, *_: event.tid in wanted


def _choices(name: str, value: str, start: int, known: Iterable[str]) -> Term:
    names = tuple(known)
    chosen = []
    for part, at in _parts(value, start):
        found = [one for one in names if one == part.lower() or one.startswith(part.lower() + "_")]
        if not found:
            raise TermError(f"{name} is {', '.join(names)}", at)
        chosen.append(found[0])
    wanted = frozenset(chosen)
    text = f"{name}:{','.join(chosen)}"
    if name == "map":
        return text, lambda event, *_: event.map_kind in wanted
    return text, lambda event, *_: event.mode in wanted


def _name_test(pattern: str) -> Callable[[str], bool]:
    """A glob, or part of the name; without capitals it does not look at them."""
    any_case = pattern == pattern.lower()
    if any(sign in pattern for sign in "*?["):
        if any_case:
            return lambda name: fnmatchcase(name.lower(), pattern)
        return lambda name: fnmatchcase(name, pattern)
    if any_case:
        return lambda name: pattern in name.lower()
    return lambda name: pattern in name


def _names(name: str, value: str, start: int) -> Term:
    patterns = [part for part, _ in _parts(value, start)]
    shown = value if value.startswith('"') else ",".join(patterns)
    text = f"{name}:{shown}"
    tests = tuple(map(_name_test, patterns))
    if name == "trigger":
        return text, lambda _event, trigger, *_: any(test(trigger) for test in tests)
    return text, lambda event, *_: _any_name(tests, event.comm)


def _any_name(tests: tuple[Callable[[str], bool], ...], comm: bytes) -> bool:
    name = comm.decode("utf-8", "replace")
    return any(test(name) for test in tests)


def _delay(sign: str, value: str, start: int) -> Term:
    found = _DURATION.fullmatch(_unquoted(value, start))
    if not found:
        raise TermError("a delay is written 500ns, 100us, 1.5ms or 2s", start)
    unit = found[2].replace("µ", "u")
    limit_ns, compare = float(found[1]) * _UNITS_NS[unit], _COMPARE[sign]

    def matches(event: Event, *_: object) -> bool:
        delay_ns = event.delay_ns
        return delay_ns is not None and compare(delay_ns, limit_ns)

    return f"delay{sign}{found[1]}{unit}", matches


def _expression(value: str, start: int) -> Term:
    body, slash, flags = value[1:].rpartition("/")
    if not value.startswith("/") or not slash:
        raise TermError("an expression is written text~/.../ or text~/.../i", start)
    if flags not in ("", "i"):
        raise TermError(f"unknown flag {flags!r}; i ignores case", start + len(value) - len(flags))
    try:
        search = Pattern(body, ignore_case=flags == "i").search
    except PatternError as error:
        raise TermError(error.message, start + 1 + error.position) from None

    def matches(event: Event, _trigger: str, capture: str, names: Names) -> bool:
        return search(searched_text(event, read_of(capture), names))

    return f"text~/{body}/{flags}", matches


def _words(words: str) -> Matches:
    """Part of the text; the common case searches the bytes as they are."""
    any_case = words == words.lower()
    needle = words.encode("utf-8", "surrogateescape")
    in_bytes = not any_case or words.isascii()

    def matches(event: Event, _trigger: str, capture: str, names: Names) -> bool:
        read = read_of(capture)
        if in_bytes and is_plain(read):
            return needle in (event.data.lower() if any_case else event.data)
        text = searched_text(event, read, names)
        return words in (text.lower() if any_case else text)

    return matches


def term(word: str) -> Term:
    """The term of one word.

    Raises:
        TermError: It is none.
    """
    found = _FIELD.match(word)
    if found is None:
        words = _unquoted(word)
        if not words:
            raise TermError("the quotes are empty")
        return quoted(words), _words(words)
    name, sign, start = found[1].lower(), found[2], found.end()
    value = word[start:]
    known = [field for field in FIELD_WORDS if field.rstrip(":~/<>") == name]
    if not known:
        raise TermError(f'unknown field {found[1]!r}; text that has a "{sign}" goes in quotes')
    if not value or value == '""':
        raise TermError("a value is missing here", start)
    match name, sign:
        case (("pid" | "tid"), ":"):
            return _numbers(name, value, start)
        case "map", ":":
            return _choices(name, value, start, MapKind)
        case "mode", ":":
            return _choices(name, value, start, Mode)
        case (("comm" | "trigger"), ":"):
            return _names(name, value, start)
        case "delay", ("<" | "<=" | ">" | ">="):
            return _delay(sign, value, start)
        case "text", ":":
            words = _unquoted(value, start)
            return quoted(words), _words(words)
        case "text", "~":
            return _expression(value, start)
    raise TermError(f"write {' or '.join(known)}", len(found[1]))
