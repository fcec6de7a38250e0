"""Samples of other events than the CPU clock: those of software count, those of hardware are refused."""

from __future__ import annotations

import mmap
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hit_counter import attach_counter

from twtui.errors import UnsupportedError

PAGES = 500


def work() -> None:
    """Fault pages in, switch, and use the CPU."""
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        with suppress(OSError):  # a kernel without huge pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(PAGES):
            memory[page * mmap.PAGESIZE] = 1
    for _ in range(PAGES):
        time.sleep(0)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass


@pytest.mark.parametrize(
    ("event", "least"),
    [("cpu-clock", 10), ("task-clock", 10), ("page-faults", PAGES), ("context-switches", 1)],
)
def test_software_events_count(event: str, least: int) -> None:
    with ExitStack() as held:
        counter = attach_counter(held, f"sample:{event}")
        work()
        assert counter.count >= least


def test_hardware_events_without_counters() -> None:
    if Path("/sys/bus/event_source/devices/cpu").exists():
        pytest.skip("this machine has hardware counters")
    with ExitStack() as held, pytest.raises(UnsupportedError, match="sample:cycles"):
        attach_counter(held, "sample:cycles")
