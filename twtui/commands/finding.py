"""Which processes the options name: by PID, by thread, by name or user, now or once one appears."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from twtui.errors import NoSuchTargetError, UsageError
from twtui.model.plan import Target

if TYPE_CHECKING:
    from twtui.processes import Machine

_WAIT_S = 0.1
"""Between two looks at the process table; a look takes about 0.2 ms a process."""


def find_targets(
    options: argparse.Namespace,
    say: Callable[[str], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
    machine: Machine | None = None,
) -> tuple[Target, ...]:
    """The processes that the options name, each once; none when they name none.

    Args:
        options: With ``pid``, ``tid``, ``name``, ``user`` and ``wait``.
        say: Told once that we wait.
        pause: Sleeps, in seconds.
        machine: Where to look; None: here.

    Raises:
        NoSuchTargetError: A PID cannot be a target, or nothing matches.
        UsageError: The name is not a regular expression, or there is nothing to wait for.
    """
    from twtui import processes

    where = machine or processes
    by_name = options.name is not None or options.user is not None
    if options.wait and not by_name:
        raise UsageError("--wait needs a name to wait for", "add -n REGEX or -u USER")
    pids = [pid for part in options.pid or () for pid in part]
    pids += [_owner(tid, where.leader_of) for part in options.tid or () for tid in part]
    found = {pid: where.find_target(pid) for pid in pids}
    if by_name:
        matches = _matches(options, say, pause, where.matching)
        found.update({target.pid: target for target in matches})
    return tuple(found.values())


def _owner(tid: int, leader_of: Callable[[int], int]) -> int:
    if owner := leader_of(tid):
        return owner
    raise NoSuchTargetError(f"no thread has TID {tid}", "list threads with: ps -eL")


def _matches(
    options: argparse.Namespace,
    say: Callable[[str], None],
    pause: Callable[[float], None],
    matching: Callable[[str, str], list[Target]],
) -> list[Target]:
    wanted = " and ".join(
        f"{flag} {value!r}"
        for flag, value in (("-n", options.name), ("-u", options.user))
        if value is not None
    )
    waiting = False
    while not (matches := matching(options.name or "", options.user or "")):
        if not options.wait:
            raise NoSuchTargetError(
                f"no process matches {wanted}",
                "look with ps, wait for one with --wait, or start twtui without a name to pick one",
            )
        if not waiting:
            say(f"waiting for a process that matches {wanted}")
            waiting = True
        pause(_WAIT_S)
    return matches
