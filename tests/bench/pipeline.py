"""The whole pipeline at 100,000 events a second: CPU of both processes with the screen, and when recording. As root.

The events are the kernel's: calls of a program that has a CPU of its own, each read at the trigger
and written to the ring, which is more than callbacks alone can reach here. A round counts only
when every one of them is on the screen, or in the recording, in the end.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

from footprint import Processes, on_terminal
from measuring import ROUNDS, Workload, interleaved, leave_a_cpu_to_the_target, ratio, table

_RATE, _SECONDS = 100_000, 5
_SCREEN, _GROUPED, _RECORDED = "with the screen", "with the screen, grouped", "with record -o"


def events_shown(text: str) -> int:
    """How many events the program says there were; both forms write it over and over."""
    return int((re.findall(r"([\d,]+) events", text) or ["0"])[-1].replace(",", ""))


def cpu_share(directory: Path, numbers: Iterator[int], rate: int, how: str) -> float:
    """Share of a core, in %, of both processes while the events flow."""
    target = Workload(directory, "calls", _SECONDS, rate)
    watch = ["--trigger", "syscall:getppid", "--capture", f"str({target.address:#x})"]
    options = ["-p", target.pid, *watch, "--map", "hash", "--defer", "fault"]
    if how == _RECORDED:
        options = ["record", *options, "-o", directory / f"{next(numbers)}.twtui"]
    try:
        with on_terminal(directory, *options) as terminal:
            if how == _GROUPED:
                terminal.press(b"g")
            both = Processes(terminal.process.pid)
            cpu_s, started_s = both.cpu_s(), time.monotonic()
            target.begin()
            until_s = started_s + _SECONDS
            terminal.until(lambda: time.monotonic() >= until_s)
            share = (both.cpu_s() - cpu_s) / (time.monotonic() - started_s)
            done = target.done()
            assert done.calls > rate * _SECONDS * 0.9, f"{done.calls:,} calls only"
            if how != _RECORDED:
                terminal.press(b"gz" if how == _GROUPED else b"z")  # the list, drawn as a whole
            terminal.until(lambda: events_shown(terminal.text) == done.calls)
            return share * 100
    finally:
        target.end()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rate", type=int, default=_RATE)
    options = parser.parse_args()
    leave_a_cpu_to_the_target()
    with tempfile.TemporaryDirectory() as name:
        numbers = count()
        variants = {
            how: partial(cpu_share, Path(name), numbers, options.rate, how)
            for how in (_RECORDED, _SCREEN, _GROUPED)
        }
        found = interleaved(options.rounds, variants)
    table(f"The whole pipeline at {options.rate:,} events/s", "% of a core", found)
    ratio(found, _SCREEN, _RECORDED, "≤ 1.5")
    ratio(found, _GROUPED, _RECORDED)


if __name__ == "__main__":
    main()
