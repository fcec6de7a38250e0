"""Regular expressions whose search takes time in proportion to the text, whatever the expression.

Python's ``re`` backtracks, and hostile data could make an innocent expression take hours. This
searches with a lazily built automaton instead, which answers only whether there is a match.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable

from twtui.model.pattern_syntax import Kind, PatternError, is_word, parse

_MAX_TRANSITIONS = 20_000
"""Kept at a time; text that needs more makes the automaton start anew."""


def searcher(text: str, ignore_case: bool = False) -> Callable[[str], bool]:
    """Whether some part of a text matches; only what needs backtracking gets it.

    Raises:
        re.error: Not an expression of ``re`` either.
    """
    try:
        return Pattern(text, ignore_case).search
    except PatternError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what may mean something else one day
            search = re.compile(text, re.IGNORECASE if ignore_case else 0).search
        return lambda searched: search(searched) is not None


class _State:
    """A set of nodes, and the character before: what the rest of a search depends on."""

    __slots__ = ("before", "next", "nodes")

    def __init__(self, nodes: frozenset[int], before: str) -> None:
        self.nodes, self.before = nodes, before
        self.next: dict[str, _State | None] = {}
        """By the character that comes; None: the search has succeeded."""


class Pattern:
    """A compiled expression.

    Args:
        text: The expression.
        ignore_case: As ``(?i)`` in front does.

    Raises:
        PatternError: Not an expression, or one that needs backtracking.
    """

    def __init__(self, text: str, ignore_case: bool = False) -> None:
        self._nodes, self._first = parse(text, ignore_case)
        self._forget()

    def _forget(self) -> None:
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._transitions = 0
        self._start = self._state(frozenset((self._first,)), "")

    def _state(self, nodes: frozenset[int], before: str) -> _State:
        return self._states.setdefault((nodes, before), _State(nodes, before))

    def search(self, text: str) -> bool:
        """Some part of the text matches."""
        state = self._start
        for character in text:
            try:
                following = state.next[character]
            except KeyError:
                following = self._step(state, character)
            if following is None:
                return True
            state = following
        if "" not in state.next:
            state.next[""] = None if 0 in self._closure(state, "") else state
        return state.next[""] is None

    def _closure(self, state: _State, behind: str) -> set[int]:
        """The nodes that can be reached without a character, ``behind`` being the next one."""
        seen: set[int] = set()
        waiting = list(state.nodes)
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            node = self._nodes[index]
            if node.kind is Kind.SPLIT or (
                node.between is not None and node.between(state.before, behind)
            ):
                waiting += node.next
        return seen

    def _step(self, state: _State, character: str) -> _State | None:
        reached = self._closure(state, character)
        following: _State | None = None
        if 0 not in reached:
            if self._transitions >= _MAX_TRANSITIONS:
                self._forget()
            nodes = frozenset(self._taken(reached, character))
            # a search begins anew at every character; all that counts of the one before is its kind
            before = "a" if is_word(character) else " "
            following = self._state(nodes | {self._first}, before)
        self._transitions += 1
        state.next[character] = following
        return following

    def _taken(self, reached: Iterable[int], character: str) -> Iterable[int]:
        for index in reached:
            node = self._nodes[index]
            if node.test is not None and node.test(character):
                yield node.next[0]
