"""The filter language: which events a person wants to see, parsed from one line.

FILTER = OR
OR     = AND ("or" AND)*
AND    = NOT (["and"] NOT)*
NOT    = "!" NOT | "(" OR ")" | TERM
TERM   = "pid:" NUMBERS | "tid:" NUMBERS | "comm:" PATTERNS | "trigger:" PATTERNS
       | "map:" KINDS | "mode:" MODES | "delay" ("<" | "<=" | ">" | ">=") DURATION
       | "rescued" | "truncated" | "gone" | "kept" | "failed" | "direct"
       | "text:" WORD | "text~/" REGEX "/" ["i"] | WORD

Lists take commas. A pattern with ``* ? [`` is a glob, any other is part of the text. A WORD may be
in double quotes. Without capital letters it matches those too.
"""

from __future__ import annotations

from dataclasses import dataclass

from twtui.errors import UsageError
from twtui.model.filter_terms import Matches, TermError, flag_term, is_flag, term

MAX_LENGTH = 1000
"""Characters of a filter."""
_MAX_DEPTH = 50
_BREAKS = frozenset("()")


class FilterError(UsageError):
    """A bad filter; ``position`` is where, in characters from 0."""

    def __init__(self, text: str, position: int, message: str) -> None:
        self.text, self.position, self.problem = text, position, message
        start = max(0, position - 40)
        shown = "".join(c if c.isprintable() else "?" for c in text[start : position + 30])
        super().__init__(
            f"bad filter at position {position + 1}: {message}",
            f"{shown}\n{' ' * (position - start)}^ {message}",
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. ``str()`` gives its one canonical text, which parses to an equal value."""

    text: str
    matches: Matches
    """Takes time in proportion to the data."""

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, or one of ``( ) !``."""

    text: str
    at: int
    is_word: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the filter: its canonical text, how tightly it binds, and what it matches."""

    text: str
    binds: int
    matches: Matches


_OR, _AND, _NOT = 0, 1, 2


def _within(part: _Part, binds: int) -> str:
    return part.text if part.binds >= binds else f"({part.text})"


class _Parser:
    """Recursive descent, a method per rule of the module's grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._scan()
        self.next = 0
        self.depth = 0

    def error(self, message: str, at: int) -> FilterError:
        return FilterError(self.text, at, message)

    def _scan(self) -> list[_Token]:
        tokens = []
        at = 0
        while at < len(self.text):
            sign = self.text[at]
            if sign.isspace():
                at += 1
            elif sign in "()!":
                tokens.append(_Token(sign, at, False))
                at += 1
            else:
                end = self._word_end(at)
                tokens.append(_Token(self.text[at:end], at, True))
                at = end
        return tokens

    def _word_end(self, at: int) -> int:
        """Words end at spaces and parentheses, but not inside quotes or an expression."""
        text, closing, opened = self.text, "", at
        while at < len(text):
            sign = text[at]
            if closing:
                if sign == "\\":
                    at += 1
                elif sign == closing:
                    closing = ""
            elif sign == '"' or (
                sign == "/" and text.startswith("text~", opened) and at == opened + 5
            ):
                closing, start = sign, at
            elif sign.isspace() or sign in _BREAKS:
                return at
            at += 1
        if closing:
            name = "quotes are" if closing == '"' else "expression is"
            raise self.error(f"the {name} not closed", start)
        return at

    def peek(self) -> _Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def take_word(self, *words: str) -> bool:
        token = self.peek()
        if token is not None and token.is_word and token.text.lower() in words:
            self.next += 1
            return True
        return False

    def whole(self) -> _Part | None:
        if not self.tokens:
            return None
        part = self.either()
        token = self.peek()
        if token is not None:
            raise self.error("no parenthesis is open here", token.at)
        return part

    def either(self) -> _Part:
        parts = [self.both()]
        while self.take_word("or"):
            parts.append(self.both())
        if len(parts) == 1:
            return parts[0]
        tests = tuple(part.matches for part in parts)
        text = " or ".join(_within(part, _AND) for part in parts)
        return _Part(text, _OR, lambda *event: any(test(*event) for test in tests))

    def both(self) -> _Part:
        parts = [self.negated()]
        while True:
            if not self.take_word("and"):
                token = self.peek()
                if token is None or token.text == ")" or token.text.lower() == "or":
                    break
            parts.append(self.negated())
        if len(parts) == 1:
            return parts[0]
        tests = tuple(part.matches for part in parts)
        text = " ".join(_within(part, _NOT) for part in parts)
        return _Part(text, _AND, lambda *event: all(test(*event) for test in tests))

    def negated(self) -> _Part:
        self.depth += 1
        token = self.peek()
        if token is None:
            raise self.error("something is missing here", len(self.text))
        if self.depth > _MAX_DEPTH:
            raise self.error("nested too deeply", token.at)
        self.next += 1
        try:
            if token.text == "(" and not token.is_word:
                return self._parenthesis(token)
            if token.text == "!" and not token.is_word:
                inner = self.negated()
                test = inner.matches
                text = "!" + _within(inner, _NOT)
                return _Part(text, _NOT, lambda *event: not test(*event))
            if not token.is_word or token.text.lower() in ("and", "or"):
                raise self.error(f"something is missing before {token.text!r}", token.at)
            return self._term(token)
        finally:
            self.depth -= 1

    def _parenthesis(self, opening: _Token) -> _Part:
        part = self.either()
        token = self.peek()
        if token is None:
            raise self.error("the parenthesis is not closed", opening.at)
        self.next += 1
        return part

    def _term(self, token: _Token) -> _Part:
        try:
            text, matches = flag_term(token.text) if is_flag(token.text) else term(token.text)
        except TermError as error:
            raise self.error(error.message, token.at + error.position) from None
        return _Part(text, _NOT, matches)


def parse_filter(text: str) -> Filter:
    """Parse one filter; an empty one matches everything.

    Raises:
        FilterError: With the position, for anything outside the grammar.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(text, MAX_LENGTH, f"a filter has at most {MAX_LENGTH} characters")
    part = _Parser(text).whole()
    if part is None:
        return Filter("", lambda *_: True)
    return Filter(part.text, part.matches)
