"""Whether anything is lost at the highest rates, through the whole pipeline with the default buffer. As root.

The program that is watched has a CPU, everything of ours has the others. Every figure is the
kernel's: what was fired, what did not fit into the ring, and what the reader took.
"""

from __future__ import annotations

import argparse
import select
import tempfile
from pathlib import Path

from measuring import ROUNDS, Workload, leave_a_cpu_to_the_target, say
from running import LiveRun, Outcome

from twtui.model.enums import Defer

_PLAIN_RATE, _PLAIN_S = 1_000_000, 2
_DEFERRED_S = 10
_TRIGGER = "syscall:getppid"


def flood(directory: Path, defer: Defer, seconds: int, rate: int) -> tuple[Outcome, float]:
    """What became of the events, and how many calls a second there were; rate 0: as many as go."""
    target = Workload(directory, "calls", seconds, rate)
    output = target.process.stdout
    assert output
    try:
        with LiveRun(target, _TRIGGER, defer=defer) as run:
            target.begin()
            run.until(lambda: bool(select.select([output], [], [], 0)[0]))
            done = target.done()
            return run.end(), done.calls / (done.ns / 1e9)
    finally:
        target.end()


def report(name: str, outcome: Outcome, rate: float) -> None:
    """One line, and what was lost where something was."""
    total = outcome.total
    say(
        f"  {name:44} {rate:11,.0f} {total.fired:11,} {total.delivered:11,} {outcome.gone:8,}"
        f"  {'yes' if outcome.balanced else 'NO'}"
    )
    if outcome.gone:
        names = ("dropped", "missed", "lost", "cancelled", "no_slot", "busy")
        say("    " + ", ".join(f"{name} {getattr(total, name):,}" for name in names))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    leave_a_cpu_to_the_target()
    say("\nLoss, default buffer (to reach: 0)")
    say(f"  {'':44} {'calls/s':>11} {'fired':>11} {'delivered':>11} {'gone':>8}  balanced")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for _ in range(options.rounds):
            plain = flood(directory, Defer.FAULT, _PLAIN_S, _PLAIN_RATE)
            report(f"plain records, {_PLAIN_RATE:,}/s for {_PLAIN_S} s", *plain)
            deferred = flood(directory, Defer.ALWAYS, _DEFERRED_S, 0)
            report(f"deferred, as fast as one core can, {_DEFERRED_S} s", *deferred)


if __name__ == "__main__":
    main()
