"""The syntax of regular expressions, as in ``re`` with DOTALL, turned into nodes to search with.

No back references and no look-around: those need backtracking.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

MAX_NODES = 500
"""Of one expression, with its repeats written out."""
_MAX_STEPS = 20 * MAX_NODES
_MAX_DEPTH = 50
_REPEAT = re.compile(r"[*+?]|\{([0-9]{0,3})(,?)([0-9]{0,3})\}")
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\w\s]|[abBAZdDfnrsStvwW ])"
)
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


class PatternError(ValueError):
    """Not an expression that can be searched for; ``position`` is where, in characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class Kind(Enum):
    """What a node does."""

    TAKE = auto()
    """Consumes one character that ``test`` accepts."""
    SPLIT = auto()
    ASSERT = auto()
    """Goes on where ``test`` holds between two characters."""
    MATCH = auto()


_Test = Callable[[str], bool]
_Between = Callable[[str, str], bool]
"""Of the character before and the one behind; empty at the ends of the text."""


class Node(NamedTuple):
    """One step of an expression, and where it goes on."""

    kind: Kind
    next: tuple[int, ...] = ()
    test: _Test | None = None
    between: _Between | None = None


def is_word(character: str) -> bool:
    """A letter, a digit or an underscore."""
    return character.isalnum() or character == "_"


def _at_boundary(before: str, behind: str) -> bool:
    return is_word(before) != is_word(behind)


_ASSERTIONS: dict[str, _Between] = {
    "^": lambda before, _: not before,
    r"\A": lambda before, _: not before,
    "$": lambda _, behind: not behind,
    r"\Z": lambda _, behind: not behind,
    r"\b": _at_boundary,
    r"\B": lambda before, behind: not _at_boundary(before, behind),
}


class _Leaf(NamedTuple):
    kind: Kind
    test: _Test | None = None
    between: _Between | None = None


class _Sequence(NamedTuple):
    parts: tuple[_Tree, ...]


class _Choice(NamedTuple):
    options: tuple[_Tree, ...]


class _Repeat(NamedTuple):
    part: _Tree
    low: int
    high: int | None


_Tree = _Leaf | _Sequence | _Choice | _Repeat


class _Parser:
    """Recursive descent; builds the nodes from the end of the expression to its start."""

    def __init__(self, text: str, flags: int) -> None:
        self.text = text
        self.at = 0
        self.flags = flags
        self.depth = self.steps = 0
        self.nodes = [Node(Kind.MATCH)]
        if text.startswith("(?i)"):
            self.flags |= re.IGNORECASE
            self.at = 4

    def error(self, message: str, position: int | None = None) -> PatternError:
        return PatternError(message, self.at if position is None else position)

    def add(self, node: Node) -> int:
        if len(self.nodes) >= MAX_NODES:
            raise self.error("the expression is too large")
        self.nodes.append(node)
        return len(self.nodes) - 1

    def whole(self) -> int:
        tree = self.choice()
        if self.at < len(self.text):
            raise self.error("no group is open here")
        return self.build(tree, 0)

    def choice(self) -> _Tree:
        options = [self.sequence()]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def sequence(self) -> _Tree:
        parts: list[_Tree] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated())
        return _Sequence(tuple(parts))

    def repeated(self) -> _Tree:
        start = self.at
        atom = self.atom()
        found = _REPEAT.match(self.text, self.at)
        if found is None or found[0] == "{}" or found[0] == "{,}":
            return atom
        if isinstance(atom, _Leaf) and atom.kind is Kind.ASSERT:
            raise self.error("nothing to repeat", start)
        self.at = found.end()
        low, high = self._limits(found)
        if self.text[self.at : self.at + 1] == "?":  # lazy: the same matches, in another order
            self.at += 1
        if _REPEAT.match(self.text, self.at):
            raise self.error("a repeat of a repeat needs a group")
        return _Repeat(atom, low, high)

    def _limits(self, found: re.Match[str]) -> tuple[int, int | None]:
        if found[0] in "*+?":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[0]]
        low = int(found[1] or 0)
        high = None if found[2] and not found[3] else int(found[3] or low)
        if high is not None and high < low:
            raise self.error("the most is less than the least", found.start())
        return low, high

    def atom(self) -> _Tree:
        start, sign = self.at, self.text[self.at]
        if sign == "(":
            return self._group(start)
        if sign in "*+?":
            raise self.error("nothing to repeat")
        if sign == "[":
            return self._leaf(_SET.match(self.text, start), "the set is not closed")
        if sign == "\\":
            return self._leaf(_ESCAPE.match(self.text, start), "unknown escape")
        self.at += 1
        if sign in _ASSERTIONS:
            return _Leaf(Kind.ASSERT, between=_ASSERTIONS[sign])
        return _Leaf(Kind.TAKE, self._test(sign if sign == "." else re.escape(sign), start))

    def _group(self, start: int) -> _Tree:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error("nested too deeply", start)
        self.at += 3 if self.text.startswith("(?:", start) else 1
        if self.text[self.at : self.at + 1] == "?":
            raise self.error("only (...) and (?:...) are known", start)
        tree = self.choice()
        if self.text[self.at : self.at + 1] != ")":
            raise self.error("the group is not closed", start)
        self.at += 1
        self.depth -= 1
        return tree

    def _leaf(self, found: re.Match[str] | None, problem: str) -> _Leaf:
        if found is None:
            raise self.error(problem)
        start, self.at = self.at, found.end()
        if found[0] in _ASSERTIONS:
            return _Leaf(Kind.ASSERT, between=_ASSERTIONS[found[0]])
        return _Leaf(Kind.TAKE, self._test(found[0], start))

    def _test(self, expression: str, start: int) -> _Test:
        # one character's worth of an expression cannot backtrack, so re may judge it
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                match = re.compile(expression, self.flags | re.DOTALL).fullmatch
        except (re.error, OverflowError) as error:
            raise self.error(getattr(error, "msg", str(error)), start) from None
        except Warning:  # of a set that may mean something else one day
            raise self.error("this set can be read in two ways", start) from None
        return lambda character: match(character) is not None

    def build(self, tree: _Tree, then: int) -> int:
        """Add the nodes of a tree that goes on at ``then``; returns the first one."""
        self.steps += 1  # repeats of nothing add no nodes
        if self.steps > _MAX_STEPS:
            raise self.error("the expression is too large")
        match tree:
            case _Leaf():
                return self.add(Node(tree.kind, (then,), tree.test, tree.between))
            case _Sequence():
                for part in reversed(tree.parts):
                    then = self.build(part, then)
                return then
            case _Choice():
                return self.add(
                    Node(Kind.SPLIT, tuple(self.build(option, then) for option in tree.options))
                )
        return self._build_repeat(tree, then)

    def _build_repeat(self, tree: _Repeat, then: int) -> int:
        if tree.high is None:
            loop = self.add(Node(Kind.SPLIT))
            self.nodes[loop] = Node(Kind.SPLIT, (self.build(tree.part, loop), then))
            then = loop
        else:
            end = then
            for _ in range(tree.high - tree.low):
                then = self.add(Node(Kind.SPLIT, (self.build(tree.part, then), end)))
        for _ in range(tree.low):
            then = self.build(tree.part, then)
        return then


def parse(text: str, ignore_case: bool) -> tuple[tuple[Node, ...], int]:
    """The nodes of an expression, the first of them being its end, and the index of its start.

    Raises:
        PatternError: Not an expression, or one that needs backtracking.
    """
    parser = _Parser(text, re.IGNORECASE if ignore_case else 0)
    start = parser.whole()
    return tuple(parser.nodes), start
