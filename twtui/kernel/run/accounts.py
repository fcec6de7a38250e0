"""The accounts of one run: a reading of everything that is counted, and the settling at its end."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twtui.kernel.run.ledger_reader import LedgerReader, SweepAction
from twtui.kernel.run.ringbuf import RingBuffer
from twtui.kernel.run.target_set import TargetSet
from twtui.model.batch import Reading
from twtui.model.ledger import Counters, Row

_SETTLE_TRIES = 40
_SETTLE_PAUSE_S = 0.025


class Accounts:
    """Reads the ledger together with what a person sees beside it."""

    def __init__(self, reader: LedgerReader, targets: TargetSet, ring: RingBuffer) -> None:
        self._reader = reader
        self._targets = targets
        self._ring = ring
        self._self_fires = False
        self.notes: list[str] = []

    def read(self, action: SweepAction, quiet: bool = False) -> Reading:
        """One reading.

        Args:
            action: What the sweep does besides counting.
            quiet: Nothing moves any more, as ``settle`` has found.

        Raises:
            OSError: The kernel refused to tell; a later reading has what this one would have had.
        """
        views = self._targets.look()
        flights = self._reader.sweep_all(action)
        run_ns, runs = self._reader.run_time()
        ledger = self._reader.ledger(flights)
        latency = self._reader.latency()
        self._notice_self_firing(ledger)
        return Reading(
            ledger=ledger,
            latency=latency,
            targets=views,
            quiet=quiet,
            backlog_bytes=self._ring.backlog_bytes,
            cpu_ns=time.process_time_ns(),
            rss_bytes=_resident_bytes(),
            bpf_run_ns=run_ns,
            bpf_runs=runs,
        )

    def _notice_self_firing(self, ledger: Mapping[Row, Counters]) -> None:
        if not self._self_fires and any(row.self_fired for row in ledger.values()):
            self._self_fires = True
            self.notes.append(
                "a trigger is hit by our own callback: these firings are counted and left alone"
            )

    def settle(self, drain: Callable[[], None]) -> bool:
        """Cancel what has not started; wait until no callback runs, nothing moves, the ring is empty.

        Args:
            drain: Takes what is in the ring.

        Returns:
            Whether it came to that.

        Raises:
            OSError: The kernel refused; it can be called again.
        """
        time.sleep(_SETTLE_PAUSE_S)
        self._reader.sweep_all(SweepAction.CANCEL)
        before = self._reader.counters()
        for _ in range(_SETTLE_TRIES):
            time.sleep(_SETTLE_PAUSE_S)
            drain()
            flights = self._reader.sweep_all(SweepAction.CANCEL)
            after = self._reader.counters()
            running = any(found.any_running for found in flights.values())
            if not running and after == before and not self._ring.backlog_bytes:
                return True
            before = after
        drain()
        self.notes.append("the ledger did not settle: a callback is still running")
        return False


def _resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
