"""Reads the whole ledger: counters, histograms, flights by a sweep, and what the kernel missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from twtui.kernel.bpf import libbpf
from twtui.kernel.run.maps import SharedMaps
from twtui.kernel.run.program import SWEEP, Programs
from twtui.model.enums import MapKind, Mode
from twtui.model.histogram import Histogram
from twtui.model.ledger import Counters, Row
from twtui.wire.layout import ROWS
from twtui.wire.layout import SWEEP as SWEEP_LAYOUT


class SweepAction(IntEnum):
    """What a sweep does besides counting (``enum tw_sweep_action``)."""

    COUNT = 0
    REAP = 1
    CANCEL = 2


@dataclass(frozen=True, slots=True)
class Flights:
    """What one sweep found, by mode."""

    pending: Mapping[Mode, int] = field(default_factory=dict)
    running: Mapping[Mode, int] = field(default_factory=dict)

    @property
    def any_running(self) -> bool:
        """A callback has started and not ended."""
        return any(self.running.values())


class LedgerReader:
    """Reads the rows of a run's map kinds."""

    def __init__(self, maps: SharedMaps, programs: Mapping[MapKind, Programs], mode: Mode) -> None:
        self._maps = maps
        self._programs = programs
        self._mode = mode
        self._modes_used = {mode}
        self._missed: dict[Row, int] = {}
        self._missed_seen: dict[int, int] = {}

    def mode_changed(self, mode: Mode) -> None:
        """From now on the kernel's misses belong to this mode; a program does not tell them apart."""
        self._count_missed()
        self._mode = mode
        self._modes_used.add(mode)

    def _count_missed(self) -> None:
        for kind, programs in self._programs.items():
            for fd in programs.trigger_fds:
                misses = int(libbpf.prog_info(fd).recursion_misses)
                row = (kind, self._mode)
                new = misses - self._missed_seen.get(fd, 0)
                self._missed_seen[fd] = misses
                self._missed[row] = self._missed.get(row, 0) + new

    def run_time(self) -> tuple[int, int]:
        """Run time in ns and runs of all trigger programs; 0 where the kernel does not count."""
        infos = [
            libbpf.prog_info(fd)
            for programs in self._programs.values()
            for fd in programs.trigger_fds
        ]
        return sum(int(i.run_time_ns) for i in infos), sum(int(i.run_cnt) for i in infos)

    def sweep(self, kind: MapKind, action: SweepAction) -> Flights:
        """Walk the flights of one map kind."""
        context = SWEEP_LAYOUT.pack(action, *[0] * 7)
        answer = SWEEP_LAYOUT.unpack(self._programs[kind].run(SWEEP, context))
        _, _, pending_0, pending_1, running_0, running_1, *_ = answer
        return Flights(
            dict(zip(Mode, (pending_0, pending_1), strict=True)),
            dict(zip(Mode, (running_0, running_1), strict=True)),
        )

    def sweep_all(self, action: SweepAction) -> dict[MapKind, Flights]:
        """Walk the flights of every map kind."""
        return {kind: self.sweep(kind, action) for kind in self._programs}

    def _rows(self) -> Iterable[tuple[int, Row]]:
        for number, row in enumerate(ROWS):
            if row[0] in self._programs and row[1] in self._modes_used:
                yield number, row

    def counters(self) -> dict[Row, Counters]:
        """One reading of the counters in maps."""
        return {row: self._maps.counters(number) for number, row in self._rows()}

    def latency(self) -> dict[Row, Histogram]:
        """One reading of the histograms."""
        return {row: self._maps.latency(number) for number, row in self._rows()}

    def ledger(self, flights: Mapping[MapKind, Flights]) -> dict[Row, Counters]:
        """The whole ledger, with what a sweep found before it."""
        self._count_missed()
        return {
            row: replace(
                counters,
                pending=flights[row[0]].pending.get(row[1], 0),
                running=flights[row[0]].running.get(row[1], 0),
                missed=self._missed.get(row, 0),
            )
            for row, counters in self.counters().items()
        }
