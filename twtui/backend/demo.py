"""The demo backend: a seeded, deterministic generator of batches that obey the ledger."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

from twtui.backend.demo_kernel import DemoKernel, Firing, Thread
from twtui.errors import TwtuiError, UsageError
from twtui.model.batch import Batch, Reading
from twtui.model.capture import Capture, Read
from twtui.model.enums import MapKind, TargetState
from twtui.model.plan import (
    Command,
    Plan,
    Probe,
    SetCapture,
    SetMapKinds,
    SetMode,
    Stop,
    Target,
    with_mode,
)
from twtui.model.snapshot import BackendInfo, TargetView
from twtui.model.trigger import Trigger, TriggerKind, parse_trigger
from twtui.wire.layout import pack_record

DEMO_TARGET = Target(4242, 0, "shop-server")
"""Whom a plan can name when nobody real is watched."""
_THREAD_NAMES = ("{}", "worker-1", "worker-2", "bio-lazy-free", "idle-timer")
_ASLEEP = 4
"""Index of the thread that sleeps: only a probe reaches it."""
_LONGEST_STEP_NS = 5_000_000_000
_READING_INTERVAL_NS = 100_000_000
_EVENTS_RATE_HZ = 40.0


class DemoBackend:
    """Makes up what a live run might have brought. Implements ``Backend``.

    Args:
        seed: Same seed, same calls and same clock: same batches.
        reason: Why this is not the live backend; shown in the title.
        rate: Firings per second of every trigger that fires by itself; None for the trigger's own.
        clock: CLOCK_MONOTONIC, ns. With a clock of the caller's, ``poll`` never waits.
    """

    def __init__(
        self,
        seed: int = 1,
        reason: str = "",
        rate: float | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._seed = seed
        self._reason = reason
        self._rate = rate
        self._clock = clock or time.monotonic_ns
        self._waits = clock is None
        self._random = Random(seed)
        self._wake = threading.Event()
        self._closed = False
        self._ended = False
        self._stopping = False

    def open(self, plan: Plan) -> BackendInfo:
        """Start making things up."""
        self._plan = plan.check()
        for watch in plan.watches:
            _refuse_python(watch.capture)
        self._mode = plan.mode
        self._kinds: tuple[MapKind, ...] = plan.map_kinds
        self._kernel = DemoKernel(self._seed, plan.defer, plan.max_bytes)
        self._threads = [
            Thread(target.pid, target.pid + index, _comm(name, target), index == _ASLEEP)
            for target in plan.targets
            for index, name in enumerate(_THREAD_NAMES)
        ]
        self._captures: list[tuple[Trigger, Capture]] = [
            (watch.trigger, watch.capture) for watch in plan.watches
        ]
        self._current = list(range(len(self._captures)))
        kinds = [watch.trigger.kind for watch in plan.watches]
        if TriggerKind.PROBE in kinds:
            self._on_demand = kinds.index(TriggerKind.PROBE)
        else:
            # a probe on demand reads what the first trigger reads, under an index of its own
            self._on_demand = len(kinds)
            self._current.append(len(self._captures))
            self._captures.append((parse_trigger("probe"), plan.watches[0].capture))
        self._announced = 0
        self._new_mode = ""
        self._last_clock_ns = self._now_ns = self._clock()
        self._reading_ns = 0
        self._next_ns = [self._gap(index) + self._now_ns for index in range(len(plan.watches))]
        offset_ns = time.time_ns() - time.monotonic_ns() if self._waits else 0
        return BackendInfo(
            "demo", self._reason, clock_offset_ns=offset_ns, attached_ns=self._now_ns
        )

    def poll(self, timeout_s: float) -> Batch:
        """What was made up since the last call."""
        if self._waits and not self._stopping:
            self._wake.wait(timeout_s)
            self._wake.clear()
        if self._closed:
            raise TwtuiError("the demo was closed")
        if self._ended:
            raise TwtuiError("the demo has ended")
        self._advance()
        self._ended = self._stopping
        if self._ended:
            self._kernel.cancel_all()
        records = b"".join(map(pack_record, self._kernel.take()))
        announced, self._announced = self._announced, len(self._captures)
        mode, self._new_mode = self._new_mode, ""
        return Batch(
            at_ns=self._now_ns,
            records=records,
            reading=self._reading(),
            captures={
                index: (str(trigger), str(capture))
                for index, (trigger, capture) in enumerate(self._captures)
                if index >= announced
            },
            mode=mode,
            end=self._ended,
        )

    def send(self, command: Command) -> None:
        """Change what is made up from here on."""
        if self._closed or self._ended:
            raise UsageError("the demo has ended")
        self._advance()
        match command:
            case SetMode(mode):
                self._mode = with_mode(self._plan, mode).mode
                self._new_mode = str(mode)
            case SetMapKinds(map_kinds):
                missing = [kind for kind in map_kinds if kind not in self._plan.map_kinds]
                if missing:
                    raise UsageError(f"{missing[0]} is not loaded", "start with --map all")
                self._kinds = map_kinds
            case SetCapture(watch, capture):
                if not 0 <= watch < len(self._plan.watches):
                    raise UsageError(f"there is no trigger number {watch + 1}")
                _refuse_python(capture)
                if len(self._captures) == 256:
                    raise UsageError("the capture was changed too often", "start again")
                self._captures.append((self._plan.watches[watch].trigger, capture))
                self._current[watch] = len(self._captures) - 1
            case Probe():
                for thread in self._threads:
                    self._fire(self._on_demand, self._now_ns, thread)
            case Stop():
                self._stopping = True
            case _:
                raise UsageError("only a recording can be played, stepped and wound")
        self._wake.set()

    def close(self) -> None:
        """Make nothing up any more."""
        self._closed = True
        self._wake.set()

    def _advance(self) -> None:
        clock_ns = self._clock()
        # after a long pause of the caller the demo's own time lags rather than making up hours
        now_ns = self._now_ns + min(clock_ns - self._last_clock_ns, _LONGEST_STEP_NS)
        self._last_clock_ns = clock_ns
        while not self._stopping and (next_ns := min(self._next_ns)) <= now_ns:
            watch = self._next_ns.index(next_ns)
            self._kernel.run_until(next_ns)
            if self._plan.watches[watch].trigger.kind is TriggerKind.PROBE:
                for thread in self._threads:
                    self._fire(watch, next_ns, thread)
            else:
                awake = [thread for thread in self._threads if not thread.asleep]
                self._fire(watch, next_ns, self._random.choice(awake))
            self._next_ns[watch] += self._gap(watch)
        self._kernel.run_until(now_ns)
        self._now_ns = now_ns

    def _gap(self, watch: int) -> int:
        """From one firing to the next, ns."""
        trigger = self._plan.watches[watch].trigger
        rate = self._rate or float(trigger.rate_hz) or _EVENTS_RATE_HZ
        if trigger.kind is TriggerKind.PROBE:
            return int(1e9 / trigger.rate_hz) if trigger.rate_hz else 1 << 62
        if trigger.rate_hz:
            return int(1e9 / rate)
        return int(self._random.expovariate(rate) * 1e9) + 1

    def _fire(self, watch: int, at_ns: int, thread: Thread) -> None:
        index = self._current[watch]
        trigger, capture = self._captures[index]
        reads = trigger.kind is not TriggerKind.PROBE
        self._kernel.fire(Firing(at_ns, thread, capture, index, reads), self._kinds, self._mode)

    def _reading(self) -> Reading | None:
        if self._now_ns - self._reading_ns < _READING_INTERVAL_NS and not self._ended:
            return None
        self._reading_ns = self._now_ns
        runs = self._kernel.runs
        return Reading(
            ledger=self._kernel.ledger(),
            latency=self._kernel.latency(),
            targets=tuple(
                TargetView(t.pid, t.name or f"pid {t.pid}", len(_THREAD_NAMES), TargetState.RUNNING)
                for t in self._plan.targets
            ),
            quiet=self._ended,
            bpf_run_ns=runs * 410,
            bpf_runs=runs,
        )


def _refuse_python(capture: Capture) -> None:
    if capture.read is Read.PYTHON:
        raise UsageError("the demo makes up no Python frames", "capture something else")


def _comm(name: str, target: Target) -> bytes:
    return name.format(target.name or f"pid {target.pid}").encode()[:15]
