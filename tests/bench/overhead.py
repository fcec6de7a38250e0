"""What 99 samples a second cost a CPU-bound program: from the cost of one event, and by the clock. As root.

The slow-down is too small for the clock on a machine that does anything else, so it is worked
out: events a second times the cost of one. The time by the clock stands beside it, with its spread.
"""

from __future__ import annotations

import argparse
import select
import statistics
import tempfile
from pathlib import Path

from kernel_path import measure
from measuring import ROUNDS, Workload, interleaved, leave_a_cpu_to_the_target, say, table
from running import LiveRun

from twtui.model.enums import MapKind

_RATE_HZ = 99
_BURN = 1_000_000_000
_NONE, _ALL = "not watched", "watched, 99 Hz, all map kinds"


def burn(directory: Path, rounds: int, watched: bool) -> float:
    """How long the work takes, ms."""
    target = Workload(directory, "burn", rounds)
    output = target.process.stdout
    assert output
    try:
        if not watched:
            return target.work().ns / 1e6
        with LiveRun(target, "sample", _RATE_HZ, map_kinds=tuple(MapKind)) as run:
            target.begin()
            run.until(lambda: bool(select.select([output], [], [], 0)[0]))
            taken_ms = target.done().ns / 1e6
            run.end()
            return taken_ms
    finally:
        target.end()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--burn", type=int, default=_BURN)
    options = parser.parse_args()
    events = measure(options.rounds, 20_000)
    leave_a_cpu_to_the_target()
    with tempfile.TemporaryDirectory() as name:
        found = interleaved(
            options.rounds,
            {
                _NONE: lambda: burn(Path(name), options.burn, False),
                _ALL: lambda: burn(Path(name), options.burn, True),
            },
        )
    table("A CPU-bound program", "ms", found)
    least = [found[_ALL][at] / found[_NONE][at] - 1 for at in range(len(found[_ALL]))]
    say(
        f"  by the clock: {statistics.median(least):+.2%} in the median round, "
        f"from {min(least):+.2%} to {max(least):+.2%}"
    )
    added_ns = [
        statistics.median(events[f"{kind} resume"]) - statistics.median(events["no program"])
        for kind in MapKind
    ]
    share = _RATE_HZ * sum(added_ns) / 1e9
    costs = ", ".join(f"{kind} {ns:,.0f}" for kind, ns in zip(MapKind, added_ns, strict=True))
    say(f"  an event adds, in ns: {costs}")
    say(f"  {_RATE_HZ} Hz x all map kinds: {share:.3%} of the program's time  (to reach: ≤ 0.5 %)")


if __name__ == "__main__":
    main()
