"""Ten minutes of everything at once: nothing may grow, and every callback has to be accounted for.

Processes and threads come and go, modes and captures change, probes are made and map kinds paused,
while all of it is recorded. At the end the ledger is exact, memory and file descriptors are what
they were after the warm-up, and the kernel holds nothing of ours. As root.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from soaking import Outcome, Soak, Usage, growth, verdicts

from twtui.model.snapshot import Snapshot

_SOURCE = Path(__file__).parent / "targets" / "soak.c"


def _told(every_s: float, usage: Usage, snapshot: Snapshot | None) -> None:
    if usage.at_s // every_s == max(usage.at_s - 1.0, 0.0) // every_s and usage.at_s >= 1.0:
        return
    completed = snapshot.total.completed if snapshot else 0
    sys.stdout.write(
        f"{usage.at_s:6.0f} s  {completed:>11,} callbacks  "
        f"{usage.behind_s:4.1f} s behind  screen's process {usage.user_rss_bytes / 1e6:6.1f} MB, {usage.user_descriptors} files  "
        f"kernel process {usage.kernel_rss_bytes / 1e6:6.1f} MB, {usage.kernel_descriptors} files\n"
    )
    sys.stdout.flush()


def _report(outcome: Outcome) -> None:
    grown = growth(outcome.usage)
    assert outcome.last
    total = outcome.last.total
    lines = [
        f"{outcome.calls:,} calls of {outcome.processes:,} processes in {outcome.seconds:.0f} s, "
        f"{outcome.events:,} events, {outcome.events / outcome.seconds:,.0f} a second",
        "commands: " + ", ".join(f"{name} {count}" for name, count in outcome.commands.items()),
        f"memory since the warm-up: screen's process {grown.user_bytes / 1e6:+.1f} MB, "
        f"kernel process {grown.kernel_bytes / 1e6:+.1f} MB",
        f"scheduled {total.scheduled:,} = completed {total.completed:,} + cancelled {total.cancelled:,} "
        f"+ lost {total.lost:,} + pending {total.pending:,}; dropped {total.dropped:,}, "
        f"busy {total.busy:,}, no_slot {total.no_slot:,}, rejected {total.rejected:,}",
    ]
    lines += [f"{'ok ' if holds else 'NOT'} {words}" for words, holds in verdicts(outcome).items()]
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    """1 when something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: 600)")
    parser.add_argument("--rate", type=int, default=10_000, help="events a second (default: 10000)")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two lines")
    options = parser.parse_args()
    if os.geteuid():
        parser.error("it loads BPF programs: run it as root")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        program = Path(name) / "soak"
        subprocess.run(["gcc", "-O1", "-pthread", "-o", program, _SOURCE], check=True)
        soak = Soak(program, options.seconds, options.rate, Path(name) / "soak.twtui")
        outcome = soak.run(lambda usage, snapshot: _told(options.every, usage, snapshot))
        _report(outcome)
    return 0 if all(verdicts(outcome).values()) else 1


if __name__ == "__main__":
    sys.exit(main())
