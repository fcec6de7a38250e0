"""Where single threads are picked, no other is watched, whatever becomes of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from json_record import record
from kernel_harness import Run, TargetProcess, plan_for

from twtui.errors import NoSuchTargetError
from twtui.model.enums import MapKind, Mode

StartTarget = Callable[..., TargetProcess]


def test_children_of_a_picked_thread_are_watched_whole(start_changing: StartTarget) -> None:
    target = start_changing("fork", 20)
    plan = plan_for(target, trigger="syscall:getppid")
    with Run(replace(plan, children=True, threads=(target.pid,))) as run:
        target.tell()
        target.wait_done()
        run.until_every_kind(completed=20)
        run.finish()
    assert len({event.pid for event in run.events} - {target.pid}) == 20


def test_children_of_a_thread_that_was_not_picked_are_left_alone(
    start_changing: StartTarget,
) -> None:
    family, other = start_changing("fork", 20), start_changing("fork", 20)
    plan = plan_for(family, other, trigger="syscall:getppid")
    with Run(replace(plan, children=True, threads=(family.tids[1],))) as run:
        for target in (family, other):
            target.tell()
            target.wait_done()
        # of the other one, no thread was picked, so that all are watched
        run.until_every_kind(completed=20)
        ledger = run.finish()
        seen = {event.pid for event in run.events}
    assert ledger[MapKind.HASH, Mode.RESUME].fired == 20
    assert len(seen - {family.pid, other.pid}) == 20


def test_a_picked_thread_that_has_ended_is_refused(start_target: StartTarget) -> None:
    """Not taken for: all of its process."""
    target = start_target("spin", 1)
    other = start_target("spin", 1)
    other.end()
    plan = replace(plan_for(target), threads=tuple(other.tids))
    with pytest.raises(NoSuchTargetError, match=f"no target has a thread {other.tids[0]}"):
        Run(plan).__enter__()


def test_one_thread_can_be_picked(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    program = (
        "import os, threading, time\n"
        "sink = os.open('/dev/null', os.O_WRONLY)\n"
        "def work(text):\n"
        "    os.write(1, b'%d\\n' % threading.get_native_id())\n"
        "    while True: os.write(sink, text); time.sleep(.01)\n"
        "threading.Thread(target=work, args=(b'first',), daemon=True).start()\n"
        "work(b'second')\n"
    )
    process = start("/usr/bin/python3", "-c", program, stdout=subprocess.PIPE)
    assert process.stdout
    tids = {int(process.stdout.readline()) for _ in range(2)}
    (other,) = tids - {process.pid}
    ran = record("--preset", "writes", "-t", other, "-c", 20)
    assert set(ran.data()) == {b"first"}
    assert {event["tid"] for event in ran.events} == {other}
