"""One captured event, as a NamedTuple: the only value that is made a hundred thousand times a second."""

from __future__ import annotations

import errno
from typing import NamedTuple

from twtui.model.enums import EventFlag, MapKind, Mode

NOT_TRIED = -(2**31)
"""The result of a read that nobody tried (TW_NOT_TRIED)."""


class Event(NamedTuple):
    """What one trigger and its callback brought.

    ``nofault`` and ``result`` are bytes read, -errno, or ``NOT_TRIED``.
    """

    trigger_ns: int
    """CLOCK_MONOTONIC, ns."""
    ran_ns: int
    """Start of the callback, CLOCK_MONOTONIC, ns; 0 when none ran."""
    address: int
    nofault: int
    result: int
    pid: int
    tid: int
    wanted_bytes: int
    """What the target had, where it is known; else 0."""
    trigger_cpu: int
    ran_cpu: int
    map_kind: MapKind
    mode: Mode
    capture: int
    """Index into the captures of the run."""
    flags: int
    comm: bytes
    data: bytes
    registers: bytes = b""
    """Of the user at the trigger, as ``model.registers`` names them; empty where a run keeps none."""
    withheld_bytes: int = 0
    """Bytes that were read but not kept (``--no-data``), so that ``data`` is empty."""

    @property
    def length(self) -> int:
        """Bytes that were read, kept or not."""
        return self.withheld_bytes or len(self.data)

    @property
    def delay_ns(self) -> int | None:
        """From schedule to callback; None when nothing was deferred."""
        return self.ran_ns - self.trigger_ns if self.flags & EventFlag.DEFERRED else None

    @property
    def rescued(self) -> bool:
        """The read failed without faulting at the trigger and succeeded in the callback."""
        return bool(
            self.flags & EventFlag.DEFERRED
            and self.nofault < 0
            and self.nofault != NOT_TRIED
            and self.result >= 0
        )

    @property
    def read_at_exit(self) -> bool:
        """The read failed at the start of a system call and succeeded at its end, without a callback."""
        return self.result >= 0 and not self.flags & EventFlag.DEFERRED

    @property
    def truncated(self) -> bool:
        """The target had more than ``data`` holds."""
        return bool(self.flags & EventFlag.TRUNCATED)


def read_outcome(result: int) -> str | None:
    """A read's outcome as JSON and the screen name it: ``ok``, an errno name, None when not tried."""
    if result == NOT_TRIED:
        return None
    if result >= 0:
        return "ok"
    return errno_name(-result)


def errno_name(number: int) -> str:
    """``EFAULT`` for 14; a number without a name stays visible as ``errno 512``."""
    return errno.errorcode.get(number, f"errno {number}" if number else "other")
