"""Runs probes: schedules on every thread of the targets, on demand or at a rate."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from twtui.kernel.bpf import libbpf
from twtui.kernel.run.program import PROBE, Programs
from twtui.model.enums import MapKind
from twtui.model.event import errno_name
from twtui.model.plan import Plan
from twtui.model.trigger import TriggerKind
from twtui.wire.layout import PROBE as PROBE_LAYOUT


class ProbeRunner:
    """The probes of one run."""

    def __init__(self, programs: Mapping[MapKind, Programs], plan: Plan) -> None:
        """Load what probes need, when the plan has some.

        Raises:
            TwtuiError: The kernel refused.
        """
        self._programs = programs
        if any(w.trigger.kind is TriggerKind.PROBE for w in plan.watches):
            # so that a refusal is known at the start
            for kind in programs.values():
                kind.load(PROBE, libbpf.PROG_SYSCALL)
        rates = [w.trigger.rate_hz for w in plan.watches if w.trigger.kind is TriggerKind.PROBE]
        # the capture of the probe's own watch, or of the first one when probes come by key only
        self._watch = next(
            (n for n, w in enumerate(plan.watches) if w.trigger.kind is TriggerKind.PROBE), 0
        )
        self._interval_s = 1 / max(rates) if any(rates) else 0.0
        self._next_s = time.monotonic() + self._interval_s

    def is_due(self) -> bool:
        """It is time for the next probe of a rate."""
        return bool(self._interval_s) and time.monotonic() >= self._next_s

    def run(self, tids: Sequence[int], first_capture: int) -> str:
        """Probe every one of these threads once, in every map kind.

        Returns:
            A note for the person where some were refused, else an empty text.

        Raises:
            TwtuiError: The program could not be loaded; never where the plan has a probe.
        """
        self._next_s = max(self._next_s + self._interval_s, time.monotonic())
        refused: Counter[str] = Counter()
        for tid in tids:
            context = PROBE_LAYOUT.pack(tid, first_capture + self._watch, 0, 0)
            for programs in self._programs.values():
                try:
                    result = PROBE_LAYOUT.unpack(programs.run(PROBE, context))[2]
                except OSError as error:
                    # the program did not run, so the ledger knows nothing of this one
                    result = -(error.errno or errno.EIO)
                if result:
                    refused[errno_name(-result)] += 1
        if not refused:
            return ""
        counts = ", ".join(f"{count} {name}" for name, count in refused.items())
        return f"probes refused: {counts}"
