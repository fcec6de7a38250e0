"""What twtui takes of a machine: memory after the start and after a long run, and the CPU of watching. As root.

The long run is simulated: the demo backend makes events up at a given rate on a clock of its own, and
engine and monitor take them as fast as they can, with the values grouped and a graph that moves.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from measuring import ROUNDS, Workload, say, table
from screen import plan_of

from twtui.backend.base import Backend
from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.engine import Engine, Observer, Publish, own_use
from twtui.model.plan import Plan
from twtui.ui.app import TwtuiApp
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.start import tune_collector

sys.path.append(str(Path(__file__).parents[1] / "kernel"))
from pseudo_terminal import ProgramInTerminal

_TWTUI = (sys.executable, "-m", "twtui")
_SETTLE_S, _IDLE_S = 5.0, 10.0
_BATCH_NS = 50_000_000
_BATCHES_A_TICK = 4
_KINDS = 3
"""The demo makes an event of each map kind at every firing."""
_SIZE = (120, 40)
_MIB = 1 << 20


class Processes:
    """The screen's process and its kernel process, by what the system accounts for them."""

    def __init__(self, pid: int) -> None:
        self.screen = psutil.Process(pid)
        self.kernel = next(
            one for one in self.screen.children(recursive=True) if "twtui.kernel" in one.cmdline()
        )

    def cpu_s(self) -> float:
        """What both have used so far, user and system."""
        used = [one.cpu_times() for one in (self.screen, self.kernel)]
        return sum(one.user + one.system for one in used)


@contextmanager
def on_terminal(directory: Path, *arguments: object) -> Iterator[ProgramInTerminal]:
    """The program on a terminal, from when its clock has run for a second until it is left with a key."""
    command = [*_TWTUI, *map(str, arguments)]
    environ = {"HOME": str(directory), "TERM": "xterm-256color", "PATH": "/usr/bin:/bin"}
    with ProgramInTerminal(command, directory, environ) as terminal:
        terminal.until_text("00:00:01")
        yield terminal
        terminal.press(b"\x03")
        terminal.wait()


def for_seconds(terminal: ProgramInTerminal, seconds: float) -> None:
    """Take what it draws, as a terminal does."""
    until_s = time.monotonic() + seconds
    terminal.until(lambda: time.monotonic() >= until_s)


class Idle(NamedTuple):
    """One round of watching a program that is mostly asleep."""

    share: float
    screen_mib: float
    kernel_mib: float


def watched(directory: Path) -> Idle:
    """99 Hz, all map kinds, nobody presses a key."""
    target = Workload(directory, "doze", 3600)
    target.begin()
    try:
        with on_terminal(directory, "-p", target.pid) as terminal:
            for_seconds(terminal, _SETTLE_S)
            both = Processes(terminal.process.pid)
            cpu_s, started_s = both.cpu_s(), time.monotonic()
            for_seconds(terminal, _IDLE_S)
            share = (both.cpu_s() - cpu_s) / (time.monotonic() - started_s)
            sizes = [one.memory_info().rss / _MIB for one in (both.screen, both.kernel)]
            return Idle(share, *sizes)
    finally:
        target.process.kill()
        target.end()


class SteppedEngine(Engine):
    """Stepped by the benchmark; it starts no thread."""

    def start(self) -> None:
        """Open, and wait to be stepped."""
        self.open()


async def simulate(minutes: int, rate: float) -> list[tuple[int, int, float]]:
    """Minute, events so far and memory in MiB, at the start, after 1, 2, 5 … and the last minute."""
    now_ns = 1_000_000_000
    engines: list[SteppedEngine] = []

    def make_engine(
        backend: Backend, plan: Plan, publish: Publish, observers: Sequence[Observer]
    ) -> Engine:
        engines.append(
            SteppedEngine(backend, plan, publish, observers=observers, clock=lambda: now_ns)
        )
        return engines[-1]

    make: Callable[[Plan], Backend] = lambda _: DemoBackend(  # noqa: E731
        rate=rate / _KINDS, clock=lambda: now_ns
    )
    app = TwtuiApp(make, plan_of((DEMO_TARGET,)), plan_of, make_engine=make_engine)
    found = []
    async with app.run_test(size=_SIZE) as pilot:
        assert app.run_now
        app.run_now.join()
        await pilot.press("g")
        screen, engine = app.screen, engines[0]
        assert isinstance(screen, MonitorScreen)
        for minute in range(minutes + 1):
            if minute in (0, 1, 2, 5, 10, 20, 30, minutes):
                found.append((minute, engine.latest.events_seen, own_use().rss_bytes / _MIB))
            for _ in range(60_000_000_000 // (_BATCH_NS * _BATCHES_A_TICK)):
                for _ in range(_BATCHES_A_TICK):
                    now_ns += _BATCH_NS
                    engine.step(0)
                screen.tick()
                await asyncio.sleep(0)
    return found


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--minutes", type=int, default=10, help="of the simulated run")
    parser.add_argument("--rate", type=float, default=10_000, help="events a second in it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        watched(Path(name))  # compiles, and fills the cache
        rounds = [watched(Path(name)) for _ in range(options.rounds)]
    shares = {"screen and kernel process": [one.share * 100 for one in rounds]}
    table("Watching at 99 Hz, all map kinds", "% of a core", shares)
    memory = {
        "screen": [one.screen_mib for one in rounds],
        "kernel process, from the cache": [one.kernel_mib for one in rounds],
    }
    table(f"Memory {_SETTLE_S + _IDLE_S:.0f} s after the start", "MiB", memory)
    say(f"\nA run of {options.minutes} minutes at {options.rate:,.0f} events/s, simulated")
    tune_collector()
    for minute, events, mib in asyncio.run(simulate(options.minutes, options.rate)):
        say(f"  minute {minute:3}  {events:12,} events  {mib:7.1f} MiB")


if __name__ == "__main__":
    main()
