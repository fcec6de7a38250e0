"""What a backend delivers: raw records and cumulative readings, the same live, recorded or made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twtui.model.histogram import Histogram
from twtui.model.ledger import Counters, Row
from twtui.model.playback import Playback
from twtui.model.snapshot import TargetView


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of everything that is counted. ``Counters.delivered`` is 0: the reader adds it."""

    ledger: Mapping[Row, Counters]
    latency: Mapping[Row, Histogram]
    targets: tuple[TargetView, ...] = ()
    quiet: bool = False
    """Nothing moved while it was taken, so the equations of the ledger must hold."""
    backlog_bytes: int = 0
    cpu_ns: int = 0
    """CPU time of the kernel process so far."""
    rss_bytes: int = 0
    """Resident memory of the kernel process."""
    bpf_run_ns: int = 0
    bpf_runs: int = 0
    """Run time and runs of our programs, where the kernel counts them; else 0."""


@dataclass(frozen=True, slots=True)
class Resume:
    """What a fold has to know to begin in the middle of a run instead of at its start."""

    delivered: Mapping[Row, int]
    """Events that were delivered before those of this batch."""
    past: tuple[tuple[int, Reading], ...] = ()
    """The readings of the last minute with their times (CLOCK_MONOTONIC, ns), oldest first."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came since the last one."""

    at_ns: int
    """CLOCK_MONOTONIC, ns."""
    records: bytes = b""
    """Events as the ring buffer held them: length u32, header word u32, record, padded to 8 bytes."""
    reading: Reading | None = None
    """Not in every batch; always in the last."""
    captures: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Newly known captures: ``Event.capture`` to the texts of trigger and capture."""
    names: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Newly known names of stack addresses, by process (0: the kernel) and address."""
    mode: str = ""
    """The mode from here on, when it changed; else empty."""
    notes: tuple[str, ...] = ()
    """What a person should be told."""
    end: bool = False
    """No more will come; with a ``playback``, nothing but what a jump back brings."""
    resume: Resume | None = None
    """Forget everything before this batch and begin here. Of recordings only, never on the wire."""
    playback: Playback | None = None
    """Where the recording stands. Of recordings only, never on the wire."""

    @property
    def over(self) -> bool:
        """The run is over, and its backend can be closed."""
        return self.end and self.playback is None
