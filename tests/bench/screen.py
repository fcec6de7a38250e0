"""What the screens cost: share of a core while events flow, and how long a key takes to show.

Run it with ``python tests/bench/screen.py``. Events come from the demo backend, made up before the
clock starts and handed over as the kernel process would, so that only the user process is measured.
Rates are compared in interleaved rounds; the table shows medians with the least and the most.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from textual import events
from textual.screen import Screen

from twtui.backend.demo import DEMO_TARGET, DemoBackend
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.filter import parse_filter
from twtui.model.plan import Command, Plan, Stop, Target, Watch
from twtui.model.presets import Preset
from twtui.model.snapshot import BackendInfo
from twtui.model.trigger import parse_trigger
from twtui.processes import ProcessRow
from twtui.ui.app import TwtuiApp
from twtui.ui.screens.monitor import MonitorScreen
from twtui.ui.screens.picker import PickerScreen
from twtui.ui.start import tune_collector

_TICK_NS = 50_000_000
_SIZE = (120, 40)
_RATES = (99, 10_000, 100_000)
_KEY_GAP_S = 0.03
_PATIENCE_S = 5.0
_KINDS = 3
"""The demo makes an event of each map kind at every firing."""


class PreparedBackend:
    """Hands over batches made up beforehand, at the pace of the clock; after the last, the first again."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = batches
        self._stopping = False

    def open(self, _plan: Plan) -> BackendInfo:
        self._started_ns = time.monotonic_ns()
        self._next = 0
        return BackendInfo("demo", attached_ns=self._started_ns)

    def poll(self, timeout_s: float) -> Batch:
        due_s = (self._started_ns + self._next * _TICK_NS - time.monotonic_ns()) / 1e9
        time.sleep(max(0.0, min(due_s, timeout_s)))
        # the ledger would go back when the batches begin anew, and nothing here is about it
        whole = self._next < len(self._batches)
        batch = self._batches[self._next % len(self._batches)]
        self._next += 1
        reading = batch.reading if whole else None
        return replace(batch, at_ns=time.monotonic_ns(), reading=reading, end=self._stopping)

    def send(self, command: Command) -> None:
        self._stopping = isinstance(command, Stop)

    def close(self) -> None:
        pass


class TimedApp(TwtuiApp):
    """Says when it has painted."""

    painted: Callable[[], None] | None = None

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if self.painted is not None:
            self.painted()


def plan_of(targets: tuple[Target, ...], _preset: Preset | None = None) -> Plan:
    watch = Watch(parse_trigger("sample", 99), parse_capture("str(arg2)"))
    return Plan(targets, (watch,))


def prepared(rate: float, seconds: float) -> list[Batch]:
    """What the demo makes up at this many events a second."""
    now_ns = start_ns = 1_000_000_000
    backend = DemoBackend(rate=rate / _KINDS, clock=lambda: now_ns)
    backend.open(plan_of((DEMO_TARGET,)))
    batches = []
    while now_ns < start_ns + seconds * 1e9:
        now_ns += _TICK_NS
        batches.append(backend.poll(0))
    return batches


async def key_ms(app: TimedApp, place: Callable[[], object], key: str) -> float:
    """From a key that moves the cursor to another place to the end of the repaint that shows it."""
    painted = asyncio.Event()
    before = place()

    def look() -> None:
        if place() != before:
            painted.set()

    app.painted = look
    event = events.Key(key, None)
    event.set_sender(app)
    started = time.perf_counter()
    assert app._driver
    app._driver.send_message(event)
    await asyncio.wait_for(painted.wait(), _PATIENCE_S)
    taken = time.perf_counter() - started
    app.painted = None
    return taken * 1e3


class Taken(NamedTuple):
    """One round."""

    share: float
    keys_ms: list[float]


async def monitor(batches: Sequence[Batch], seconds: float, keys: int, setup: str = "") -> Taken:
    """Share of a core while nobody presses a key, then the times of keys."""
    chosen = parse_filter("rescued") if setup == "filter" else parse_filter("")
    app = TimedApp(
        lambda _: PreparedBackend(batches), plan_of((DEMO_TARGET,)), plan_of, filter=chosen
    )
    async with app.run_test(size=_SIZE) as pilot:
        await asyncio.sleep(1)
        if setup == "groups":
            await pilot.press("g")
        cpu, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - wall)
        screen = app.screen
        assert isinstance(screen, MonitorScreen)
        groups, listed = screen.area.groups, screen.area.events

        def place() -> object:
            # events move up in the window, values change their newest event: neither is a key's doing
            return groups.cursor if setup == "groups" else listed.current and listed.current[1]

        away = "down" if setup == "groups" else "up"
        await pilot.press(away, away)
        taken = []
        for _ in range(keys // 2):
            for key in ("up", "down"):
                taken.append(await key_ms(app, place, key))
                await asyncio.sleep(_KEY_GAP_S)
        await pilot.press("q")
    return Taken(share, taken)


def processes(number: int) -> list[ProcessRow]:
    return [
        ProcessRow(
            1000 + n,
            n,
            "root",
            1,
            n % 50 / 7,
            "S",
            f"worker-{n % 40}",
            f"/usr/bin/worker --shard {n}",
        )
        for n in range(number)
    ]


async def picker(number: int, keys: int) -> list[float]:
    """Times of keys in the picker, with a reading of the process table every two seconds."""
    rows = processes(number)
    app = TimedApp(lambda _: DemoBackend(), None, plan_of, list_processes=lambda: list(rows))
    async with app.run_test(size=_SIZE) as pilot:
        await pilot.pause(1.2)
        screen = app.screen
        assert isinstance(screen, PickerScreen)
        await pilot.press("down", "down")
        taken = []
        for _ in range(keys // 2):
            for key in ("up", "down"):
                taken.append(await key_ms(app, lambda: screen.table.cursor, key))
                await asyncio.sleep(_KEY_GAP_S)
    return taken


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def spread(values: Sequence[float], form: str) -> str:
    """The median, and between what it lies."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--keys", type=int, default=100)
    options = parser.parse_args()
    cases = [(rate, "") for rate in _RATES] + [(_RATES[-1], "filter"), (_RATES[-1], "groups")]
    batches = {rate: prepared(rate * (_KINDS if rate == 99 else 1), 4) for rate in _RATES}
    rounds: dict[tuple[int, str], list[Taken]] = {case: [] for case in cases}
    pickers: dict[int, list[list[float]]] = {50: [], 1000: []}
    for _ in range(options.rounds):
        for case in cases:
            tune_collector()
            rate, setup = case
            done = asyncio.run(monitor(batches[rate], options.seconds, options.keys, setup))
            rounds[case].append(done)
        for number, found in pickers.items():
            tune_collector()
            found.append(asyncio.run(picker(number, options.keys)))
    _print(rounds, pickers)


def _print(
    rounds: dict[tuple[int, str], list[Taken]], pickers: dict[int, list[list[float]]]
) -> None:
    idle = statistics.median(quantile(one.keys_ms, 0.99) for one in rounds[_RATES[0], ""])
    say(f"{'':<28} {'share of a core':<26} {'key p50, ms':<24} {'key p99, ms':<26} p99 / idle")
    for (rate, setup), done in rounds.items():
        name = "99 Hz, three map kinds" if rate == 99 else f"{rate:,} events/s"
        p99s = [quantile(one.keys_ms, 0.99) for one in done]
        say(
            f"{name + (', ' + setup if setup else ''):<28} "
            f"{spread([one.share for one in done], '.1%'):<26} "
            f"{spread([quantile(one.keys_ms, 0.5) for one in done], '.1f'):<24} "
            f"{spread(p99s, '.1f'):<26} {statistics.median(p99s) / idle:.2f}"
        )
    few = statistics.median(quantile(one, 0.99) for one in pickers[50])
    for number, found in pickers.items():
        p99s = [quantile(one, 0.99) for one in found]
        say(
            f"{f'picker, {number:,} processes':<28} {'':<26} "
            f"{spread([quantile(one, 0.5) for one in found], '.1f'):<24} "
            f"{spread(p99s, '.1f'):<26} {statistics.median(p99s) / few:.2f}"
        )


if __name__ == "__main__":
    main()
