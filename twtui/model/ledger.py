"""The ledger: cumulative counters per map kind and mode, and the sums that must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from twtui.model.enums import MapKind, Mode

Row = tuple[MapKind, Mode]
"""A row of the ledger."""
LOSSES = ("dropped", "cancelled", "lost", "missed", "no_slot")
"""The counters of what did not come; with ``--fail-on-loss`` they may not count anything."""


@dataclass(frozen=True, slots=True)
class Counters:
    """One row's counters; the words are explained in the README. ``NOW`` names those of the present."""

    fired: int = 0
    self_fired: int = 0
    not_needed: int = 0
    scheduled: int = 0
    busy: int = 0
    no_slot: int = 0
    rejected: int = 0
    retried: int = 0
    completed: int = 0
    read_ok: int = 0
    read_fault: int = 0
    read_none: int = 0
    truncated: int = 0
    nofault_ok: int = 0
    nofault_fault: int = 0
    nofault_none: int = 0
    rescued: int = 0
    cancelled: int = 0
    lost: int = 0
    emitted: int = 0
    dropped: int = 0
    missed: int = 0
    in_call: int = 0
    pending: int = 0
    running: int = 0
    delivered: int = 0
    errors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Final failures by errno name; they add up to busy + no_slot + rejected + read_fault."""

    @property
    def failed(self) -> int:
        """Triggers that got no callback although they wanted one."""
        return self.busy + self.no_slot + self.rejected

    def plus(self, other: Counters) -> Counters:
        """Both rows added, counter by counter."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTER_NAMES}
        errors = dict(self.errors)
        for name, count in other.errors.items():
            errors[name] = errors.get(name, 0) + count
        return Counters(**sums, errors=MappingProxyType(errors))


NOW = frozenset(("in_call", "pending", "running"))
"""Not cumulative: what they say is about the present."""
COUNTER_NAMES = tuple(item.name for item in fields(Counters) if item.name != "errors")
"""The integer counters, in the order in which people read them."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One sum, and whether it holds; ``detail`` shows it with its numbers."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Sum:
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{' + '.join(self.left)} = {' + '.join(self.right)}"


SUMS = (
    _Sum(("fired",), ("scheduled", "not_needed", "busy", "no_slot", "rejected", "in_call")),
    _Sum(("scheduled",), ("completed", "pending", "cancelled", "lost")),
    _Sum(("completed",), ("read_ok", "read_fault", "read_none")),
    _Sum(("fired",), ("nofault_ok", "nofault_fault", "nofault_none")),
    _Sum(("completed", "not_needed"), ("emitted", "dropped")),
    _Sum(("emitted",), ("delivered",)),
)
"""What holds when nothing moves: triggers detached, no callback running, ring drained."""

_BOUNDS = (
    ("truncated", ("read_ok", "not_needed")),
    ("rescued", ("nofault_fault",)),
    ("rescued", ("read_ok",)),
)

_WHILE_RUNNING = (
    (("scheduled", "not_needed", "busy", "no_slot", "rejected"), ("fired",)),
    (("completed", "cancelled", "lost"), ("scheduled",)),
    (("emitted", "dropped"), ("completed", "not_needed")),
    (("delivered",), ("emitted",)),
)
"""Effects never outnumber causes, when the effects were read first."""


def _total(counters: Counters, names: tuple[str, ...]) -> int:
    return sum(getattr(counters, name) for name in names)


def _terms(counters: Counters, names: tuple[str, ...]) -> str:
    return " + ".join(f"{name} {getattr(counters, name):,}" for name in names)


def _at_most(
    low: tuple[str, ...], high: tuple[str, ...], effects: Counters, causes: Counters
) -> Invariant:
    holds = _total(effects, low) <= _total(causes, high)
    detail = f"{_terms(effects, low)} {'≤' if holds else '>'} {_terms(causes, high)}"
    return Invariant(f"{' + '.join(low)} ≤ {' + '.join(high)}", holds, detail)


def _equal(equation: _Sum, counters: Counters) -> Invariant:
    holds = _total(counters, equation.left) == _total(counters, equation.right)
    sign = "=" if holds else "≠"
    detail = f"{_terms(counters, equation.left)} {sign} {_terms(counters, equation.right)}"
    return Invariant(equation.name, holds, detail)


def invariants(counters: Counters, earlier: Counters | None = None) -> tuple[Invariant, ...]:
    """The invariants of one row.

    Args:
        counters: The newest reading.
        earlier: While things move, the reading before it: its effects are held against the newest
            causes. None at quiet, when the equations must hold within one reading.
    """
    found = [_at_most((part,), whole, earlier or counters, counters) for part, whole in _BOUNDS]
    if earlier is None:
        return (*(_equal(equation, counters) for equation in SUMS), *found)
    return (*(_at_most(low, high, earlier, counters) for low, high in _WHILE_RUNNING), *found)


def ledger_invariants(
    ledger: Mapping[Row, Counters], earlier: Mapping[Row, Counters] | None = None
) -> tuple[Invariant, ...]:
    """Every invariant over all rows, each once: it holds when it holds in each row.

    The detail is that of the first row in which it is broken, else that of the last row.
    """
    found: dict[str, Invariant] = {}
    for row, counters in ledger.items():
        before = None if earlier is None else earlier.get(row, Counters())
        for invariant in invariants(counters, before):
            known = found.get(invariant.name)
            if known is None or known.holds:
                detail = f"{row[0]} {row[1]}: {invariant.detail}"
                found[invariant.name] = Invariant(invariant.name, invariant.holds, detail)
    return tuple(found.values())
