"""What the screen shows: one immutable picture of a run, made by the engine a few times a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twtui.model.arrivals import Arrivals
from twtui.model.enums import Mode, RunState, TargetState
from twtui.model.event import Event
from twtui.model.histogram import Histogram
from twtui.model.ledger import Counters, Invariant, Row
from twtui.model.plan import Plan
from twtui.model.playback import Playback


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What a backend says of itself when it has opened a plan."""

    name: str
    """``live``, ``demo`` or ``replay``."""
    reason: str = ""
    """Why it is not the live one, for the title line; empty when it is."""
    kernel: str = ""
    kfunc_variant: str = ""
    """``plain`` (four parameters) or ``_impl`` (five)."""
    bcc: str = ""
    clock_offset_ns: int = 0
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, ns: adds a date to ``trigger_ns``."""
    attached_ns: int = 0
    """CLOCK_MONOTONIC when the last trigger was attached, ns; 0: the first batch's time is taken."""


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target as it is now."""

    pid: int
    name: str
    threads: int
    state: TargetState


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second, from two cumulative readings."""

    fired: float = 0.0
    scheduled: float = 0.0
    completed: float = 0.0
    not_needed: float = 0.0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the Callbacks pane."""

    row: Row
    counters: Counters
    rates: Rates
    history: tuple[Rates, ...] = ()
    """The rates of every second, newest last, at most 60."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the monitor itself costs and loses."""

    dropped: int = 0
    """Events that found the ring buffer full."""
    skipped: int = 0
    """Events that were delivered but left the window before anyone could see them."""
    backlog_bytes: int = 0
    """Bytes in the ring buffer that were not read at the last reading."""
    cpu_percent: float = 0.0
    """Share of one core that both our processes took since the last snapshot."""
    rss_bytes: int = 0
    """Resident memory of both our processes."""
    bpf_ns_per_event: float | None = None
    """Run time of our programs per run; None where the kernel does not count it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture of a run. Everything in it belongs together."""

    state: RunState
    plan: Plan
    """As commands have changed its map kinds and captures so far; ``mode`` stays the first one."""
    info: BackendInfo
    mode: Mode
    """The mode in which the next trigger schedules."""
    at_ns: int = 0
    """CLOCK_MONOTONIC of the newest batch, ns."""
    elapsed_ns: int = 0
    """Since the triggers were attached, ns."""
    rows: tuple[LedgerRow, ...] = ()
    """Every map kind × mode that has counted anything or is in use, in a fixed order."""
    total: Counters = field(default_factory=Counters)
    latency: Mapping[Row, Histogram] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    events: Sequence[Event] = ()
    """The newest events, oldest first, at most the engine's window."""
    events_seen: int = 0
    """Events so far; the last one in ``events`` has this number, counted from 1."""
    arrivals: Arrivals = field(default_factory=Arrivals)
    """When these events were taken from the ring buffer."""
    captures: tuple[str, ...] = ()
    """Text of each capture that ``Event.capture`` can name; empty where there is none."""
    triggers: tuple[str, ...] = ()
    """Text of the trigger of each capture, by the same index."""
    names: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Names of stack addresses, by process (0: the kernel) and address."""
    targets: tuple[TargetView, ...] = ()
    health: Health = field(default_factory=Health)
    notes: tuple[str, ...] = ()
    """What a person should know, newest last: a refused probe, a target that exited."""
    error: str = ""
    """One line, when the state is FAILED."""
    hint: str = ""
    """What to do about it, in one line."""
    log: str = ""
    """Words of a compiler, the verifier or the kernel process about it, as they came; may be long."""
    playback: Playback | None = None
    """Where the recording stands, when one is being played."""

    @property
    def is_recorded(self) -> bool:
        """It shows what is over or elsewhere, so nothing in it can be changed."""
        return self.playback is not None or self.info.name == "replay"

    @property
    def broken(self) -> tuple[Invariant, ...]:
        """The invariants that do not hold."""
        return tuple(invariant for invariant in self.invariants if not invariant.holds)
