"""What watching costs: the share of a core that both processes took from one snapshot to the next."""

from __future__ import annotations

from dataclasses import dataclass

_SHORTEST_SHARE_NS = 50_000_000
"""Below this the share of a core would be noise."""


@dataclass(frozen=True, slots=True)
class OwnUse:
    """What this process has used so far, as the engine measured it."""

    at_ns: int = 0
    """CLOCK_MONOTONIC, ns."""
    cpu_ns: int = 0
    rss_bytes: int = 0


NO_USE = OwnUse()
"""Before anything was measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The last two marks from which a share is worked out, and that share."""

    own: OwnUse = NO_USE
    reading_ns: int = 0
    """When the kernel process said what it had used, CLOCK_MONOTONIC, ns; 0 before it did."""
    kernel_cpu_ns: int = 0
    cpu_percent: float = 0.0
    """Of one core, both processes together."""

    def after(self, own: OwnUse, reading_ns: int, kernel_cpu_ns: int | None) -> Cost:
        """The cost with newer marks; unchanged where they are too close together to say anything.

        Args:
            own: What this process has used.
            reading_ns: When the kernel process said what it had used, CLOCK_MONOTONIC, ns.
            kernel_cpu_ns: What that was, ns; None when it never said.
        """
        own_ns = own.at_ns - self.own.at_ns
        if own_ns < _SHORTEST_SHARE_NS:
            return self
        share = 0.0
        if self.own.at_ns:
            share = (own.cpu_ns - self.own.cpu_ns) / own_ns
            kernel_ns = reading_ns - self.reading_ns
            if kernel_cpu_ns is not None and self.reading_ns and kernel_ns > 0:
                share += (kernel_cpu_ns - self.kernel_cpu_ns) / kernel_ns
        percent = max(share, 0.0) * 100 if self.own.at_ns else self.cpu_percent
        return Cost(own, reading_ns, kernel_cpu_ns or 0, percent)


NO_COST = Cost()
"""Before the first snapshot."""
