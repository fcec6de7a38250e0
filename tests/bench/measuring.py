"""What the benchmarks share: the watched program, tables of medians with their spread, and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROUNDS = 5
CPUS = sorted(os.sched_getaffinity(0))
Values = Mapping[str, Sequence[float]]


class Done(NamedTuple):
    """What the watched program did in answer to one line."""

    ns: int
    calls: int


class Workload:
    """``targets/workload.c``, compiled and started on the last CPU; end it with ``end``."""

    def __init__(self, directory: Path, *arguments: object) -> None:
        program = directory / "workload"
        if not program.exists():
            source = HERE / "targets/workload.c"
            subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-o", program, source], check=True)
        self.process = subprocess.Popen(
            [program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self.process.pid
        os.sched_setaffinity(self.pid, CPUS[-1:])
        self.address = int(self._line("ready")[0], 16)

    def _line(self, start: str) -> list[str]:
        assert self.process.stdout
        word, *values = self.process.stdout.readline().decode().split() or [""]
        assert word == start, "the watched program ended"
        return values

    def begin(self) -> None:
        """Let it work, without waiting."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def done(self) -> Done:
        """Wait until it has done that."""
        return Done(*map(int, self._line("done")))

    def work(self) -> Done:
        """Let it work, and wait."""
        self.begin()
        return self.done()

    def end(self) -> None:
        """End it."""
        self.process.communicate(b"")


def leave_a_cpu_to_the_target() -> None:
    """Run this process, and the tracers it starts, beside the watched program and not in its place."""
    os.sched_setaffinity(0, CPUS[:-1] or CPUS)


def interleaved(
    rounds: int, variants: Mapping[str, Callable[[], float | None]]
) -> dict[str, list[float]]:
    """Every variant once a round; one that gives None is not there, and is left out."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, run in variants.items():
            value = run()
            if value is not None:
                found.setdefault(name, []).append(value)
    return found


def say(text: str = "") -> None:
    """A line of the report."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(title: str, unit: str, found: Values, digits: int = 1) -> None:
    """Medians with minimum and maximum."""
    rounds = max(map(len, found.values()), default=0)
    say(f"\n{title} ({rounds} rounds)")
    say(f"  {'':44} {'median':>11} {'min':>11} {'max':>11}  {unit}")
    for name, values in found.items():
        numbers = (statistics.median(values), min(values), max(values))
        say(f"  {name:44} " + " ".join(f"{number:11,.{digits}f}" for number in numbers))


def ratio(
    found: Values, name: str, base: str, bound: str = "", more_is_better: bool = False
) -> None:
    """One variant over another: of medians, and of the best rounds, which noise disturbs least."""
    if not found.get(name) or not found.get(base):
        say(f"  {name} / {base}: not measured")
        return
    best = max if more_is_better else min
    medians = statistics.median(found[name]) / statistics.median(found[base])
    bests = best(found[name]) / best(found[base])
    wanted = f"  (to reach: {bound})" if bound else ""
    say(f"  {name} / {base}: {medians:.2f} of medians, {bests:.2f} of best rounds{wanted}")


def not_installed(name: str) -> None:
    """Say that a rival was left out."""
    say(f"  {name}: not installed")
