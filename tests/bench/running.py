"""A live run of the whole pipeline, kernel process and engine, over a program that the benchmark drives."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from measuring import Workload

from twtui.backend.live import LiveBackend
from twtui.engine import Engine
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind
from twtui.model.ledger import Counters
from twtui.model.plan import Plan, Stop, Target, Watch
from twtui.model.snapshot import Snapshot
from twtui.model.trigger import parse_trigger

_END_S = 60.0


class Outcome(NamedTuple):
    """What became of the events, by the kernel's counters and by what the engine has seen."""

    total: Counters
    balanced: bool

    @property
    def gone(self) -> int:
        """Events that did not arrive, for whatever reason."""
        total = self.total
        return (
            total.dropped + total.missed + total.lost + total.cancelled + total.no_slot + total.busy
        )


class LiveRun:
    """For the length of a ``with``: everything is attached, and ``step`` keeps reading."""

    def __init__(
        self,
        target: Workload,
        trigger: str,
        rate_hz: int = 99,
        defer: Defer = Defer.ALWAYS,
        map_kinds: tuple[MapKind, ...] = (MapKind.HASH,),
    ) -> None:
        watch = Watch(parse_trigger(trigger, rate_hz), parse_capture(f"str({target.address:#x})"))
        plan = Plan((Target(target.pid),), (watch,), map_kinds, defer=defer)
        self._backend = LiveBackend()
        self._last: Snapshot | None = None
        self._engine = Engine(self._backend, plan, self._keep)

    def _keep(self, snapshot: Snapshot) -> None:
        self._last = snapshot

    def __enter__(self) -> Self:
        self._engine.open()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._backend.close()

    def until(self, condition: Callable[[], bool]) -> None:
        """Read until then."""
        while not condition():
            assert self._engine.step(0.05), self._engine.failure

    def end(self) -> Outcome:
        """Stop, read what is left, and settle."""
        self._engine.submit(Stop())
        deadline_s = time.monotonic() + _END_S
        while self._engine.step(0.2):
            assert time.monotonic() < deadline_s, "the run does not end"
        last = self._last
        assert last
        assert not last.error, last.error
        return Outcome(last.total, all(one.holds for one in last.invariants))
