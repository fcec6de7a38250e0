"""Assertions: what a run must have done, parsed from one line, so that it can be a test.

ASSERTION = TERM ("<" | "<=" | "==" | "!=" | ">=" | ">") TERM
TERM      = NUMBER [UNIT] | NAME ["(" WORD* ")"]
UNIT      = ns | us | µs | ms | s | m
NAME      = a counter of the ledger | failed | events | broken | errors
          | p50 | p90 | p99 | p99.9 | ... | max | duration

WORDs are map kinds and modes, which narrow the rows that are added up; of ``errors`` the name of an errno.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twtui.errors import LossError, UsageError
from twtui.model.enums import MapKind, Mode
from twtui.model.histogram import Histogram
from twtui.model.ledger import COUNTER_NAMES, LOSSES, Row
from twtui.model.snapshot import Snapshot

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9}
_NUMBER = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-zµ]*)")
_NAMED = re.compile(r"([a-z_][a-z0-9_.]*)\s*(?:\(([^()]*)\))?")
_QUANTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,4})?)")
_COUNTERS = (*COUNTER_NAMES, "failed")
_CUT_OFF = "the end of the run is not there, so nothing of it is measured: record it to its end"
_HINT = "write p99(resume) < 1ms, lost == 0, rescued > 0 or p50(hash signal) <= 20us"


@dataclass(frozen=True, slots=True)
class _Value:
    """A number; in ns where it is a time, None where nothing was measured."""

    number: float | None
    is_time: bool

    def __str__(self) -> str:
        if self.number is None:
            return "not measured"
        if not self.is_time:
            return f"{self.number:,.10g}"
        for unit in ("s", "ms", "us"):
            if abs(self.number) >= _UNITS[unit]:
                return f"{self.number / _UNITS[unit]:.3g}{unit}"
        return f"{self.number:.3g}ns"


@dataclass(frozen=True, slots=True)
class _Term:
    """One side."""

    text: str
    is_time: bool
    value: Callable[[Snapshot], float | None]
    is_name: bool = True

    def of(self, snapshot: Snapshot, whole: bool) -> _Value:
        known = whole or not self.is_name
        return _Value(self.value(snapshot) if known else None, self.is_time)


@dataclass(frozen=True, slots=True)
class Assertion:
    """A parsed assertion; ``str()`` gives its text."""

    text: str
    left: _Term
    sign: str
    right: _Term

    def __str__(self) -> str:
        return self.text

    def failure(self, snapshot: Snapshot, whole: bool = True) -> str:
        """Why it does not hold, with the values; empty when it holds.

        Args:
            snapshot: What there is of the run.
            whole: That is all of it; else nothing of it counts as measured.
        """
        left, right = self.left.of(snapshot, whole), self.right.of(snapshot, whole)
        if _holds(self.sign, left.number, right.number):
            return ""
        known = [
            f"{term.text} is {value}"
            for term, value in ((self.left, left), (self.right, right))
            if term.is_name
        ]
        return f"{self.text} ({', '.join(known)})"


def _holds(sign: str, left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return False  # what was not measured proves nothing
    return _OPERATORS[sign](left, right)


def _rows(words: Sequence[str], text: str) -> Callable[[Row], bool]:
    kinds = [word for word in words if word in set(MapKind)]
    modes = [word for word in words if word in set(Mode)]
    for word in words:
        if word not in (*kinds, *modes):
            raise _bad(text, f"{word!r} is neither a map kind nor a mode")
    return lambda row: (not kinds or row[0] in kinds) and (not modes or row[1] in modes)


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"bad assertion {text!r}: {why}", _HINT)


def _number(text: str, whole: str) -> _Term | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    unit = found[2]
    if unit and unit not in _UNITS:
        raise _bad(whole, f"unknown unit {unit!r}")
    number = float(found[1].replace(",", "").replace("_", "")) * _UNITS.get(unit, 1)
    return _Term(text, bool(unit), lambda _: number, is_name=False)


def _latency(share: float, chosen: Callable[[Row], bool]) -> Callable[[Snapshot], float | None]:
    def value(snapshot: Snapshot) -> float | None:
        merged = Histogram()
        for row, histogram in snapshot.latency.items():
            if chosen(row):
                merged = merged.merge(histogram)
        return merged.quantile(share)

    return value


def _counter(name: str, chosen: Callable[[Row], bool]) -> Callable[[Snapshot], float | None]:
    return lambda snapshot: sum(
        getattr(row.counters, name) for row in snapshot.rows if chosen(row.row)
    )


def _errors(words: Sequence[str]) -> Callable[[Snapshot], float | None]:
    return lambda snapshot: sum(
        count for name, count in snapshot.total.errors.items() if not words or name in words
    )


def _term(text: str, whole: str) -> _Term:
    text = text.strip()
    number = _number(text, whole)
    if number is not None:
        return number
    found = _NAMED.fullmatch(text)
    if found is None:
        raise _bad(whole, f"{text!r} is neither a number nor a name")
    name, words = found[1], (found[2] or "").replace(",", " ").split()
    quantile = _QUANTILE.fullmatch(name)
    if name == "max" or quantile:
        share = float(quantile[1]) / 100 if quantile else 1.0
        return _Term(text, True, _latency(share, _rows(words, whole)))
    if name in _COUNTERS:
        return _Term(text, False, _counter(name, _rows(words, whole)))
    if name == "errors":
        return _Term(text, False, _errors(words))
    if words or name not in ("events", "broken", "duration"):
        raise _bad(whole, f"unknown name {name!r}" if not words else f"{name!r} takes no words")
    if name == "duration":
        return _Term(text, True, lambda snapshot: snapshot.elapsed_ns)
    if name == "events":
        return _Term(text, False, lambda snapshot: snapshot.events_seen)
    return _Term(text, False, lambda snapshot: len(snapshot.broken))


def parse_assertion(text: str) -> Assertion:
    """Parse one assertion.

    Raises:
        UsageError: It is none; the message says why.
    """
    parts = re.split(r"(<=|>=|==|!=|<|>)", text)
    if len(parts) != 3:
        raise _bad(text, "it has no comparison" if len(parts) < 3 else "one comparison at a time")
    left, right = _term(parts[0], text), _term(parts[2], text)
    if not left.is_name and not right.is_name:
        raise _bad(text, "it names nothing of a run")
    if left.is_time is not right.is_time:
        raise _bad(text, "a time is compared with a number; times have a unit, as 1ms")
    return Assertion(text.strip(), left, parts[1], right)


def check(
    snapshot: Snapshot, assertions: Sequence[Assertion], fail_on_loss: bool, whole: bool = True
) -> None:
    """See that a run has done what it must.

    Args:
        snapshot: The last one that there is of the run.
        assertions: What must hold.
        fail_on_loss: Nothing may be lost, either.
        whole: The run is there up to its end; else nothing of it counts as measured.

    Raises:
        LossError: It has not; the message has every assertion that failed, with its values.
    """
    failures = [failure for one in assertions if (failure := one.failure(snapshot, whole))]
    if fail_on_loss and not whole:
        failures.append("nothing lost (losses are not measured)")
    elif fail_on_loss:
        failures += [
            f"{name} == 0 ({name} is {number:,})"
            for name in LOSSES
            if (number := getattr(snapshot.total, name))
        ]
    if failures:
        first, *others = [f"assertion failed: {failure}" for failure in failures]
        raise LossError(first, "\n".join(others if whole else [*others, _CUT_OFF]))
