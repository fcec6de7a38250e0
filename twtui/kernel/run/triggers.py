"""Attaches programs to triggers. Everything is a perf event with a link, so closing it leaves nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError, UsageError
from twtui.kernel.bpf import libbpf
from twtui.kernel.refusal import refusal
from twtui.kernel.run.tracefs import find_tracefs
from twtui.kernel.run.uprobes import FunctionEvents, explain_function
from twtui.model.trigger import Trigger, TriggerKind

_TYPE_HARDWARE, _TYPE_SOFTWARE, _TYPE_TRACEPOINT = 0, 1, 2
_FLAG_FREQUENCY, _FLAG_EXCLUDE_KERNEL = 1 << 10, 1 << 5
_MOST_CLOSERS = 32
SAMPLES = {
    "cpu-clock": (_TYPE_SOFTWARE, 0),
    "task-clock": (_TYPE_SOFTWARE, 1),
    "page-faults": (_TYPE_SOFTWARE, 2),
    "context-switches": (_TYPE_SOFTWARE, 3),
    "cycles": (_TYPE_HARDWARE, 0),
    "instructions": (_TYPE_HARDWARE, 1),
}
"""Type and config of the perf event of every sample."""


def online_cpus() -> list[int]:
    """Numbers of the CPUs that are online."""
    numbers: list[int] = []
    for part in Path("/sys/devices/system/cpu/online").read_text().strip().split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def open_cycles() -> int:
    """A counter of cycles of the calling thread in user space, which everybody may count.

    Raises:
        OSError: It cannot be had.
    """
    attr = libbpf.PerfEventAttr()
    attr.type, attr.config = SAMPLES["cycles"]
    attr.flags = _FLAG_EXCLUDE_KERNEL
    return libbpf.perf_event_open(attr, 0, -1)


def program_type(trigger: Trigger) -> int:
    """The type of program that a trigger runs."""
    match trigger.kind:
        case TriggerKind.SAMPLE:
            return libbpf.PROG_PERF_EVENT
        case TriggerKind.SYSCALL | TriggerKind.TRACEPOINT:
            return libbpf.PROG_TRACEPOINT
        case TriggerKind.UPROBE | TriggerKind.URETPROBE:
            return libbpf.PROG_KPROBE
    raise UsageError(f"{trigger} is not attached: it runs on demand", "ask for a probe")


def _sample_events(trigger: Trigger) -> Iterator[int]:
    attr = libbpf.PerfEventAttr()
    attr.type, attr.config = SAMPLES[trigger.name]
    if trigger.period:
        attr.sample_period = trigger.period
    else:
        attr.sample_period = trigger.rate_hz
        attr.flags = _FLAG_FREQUENCY
    for cpu in online_cpus():
        yield libbpf.perf_event_open(attr, -1, cpu)


def tracepoint_place(trigger: Trigger) -> str:
    """Where in tracefs a system call or tracepoint is; empty for other triggers."""
    match trigger.kind:
        case TriggerKind.SYSCALL:
            return f"syscalls/sys_{'exit' if trigger.at_exit else 'enter'}_{trigger.name}"
        case TriggerKind.TRACEPOINT:
            return f"{trigger.category}/{trigger.name}"
    return ""


def _tracepoint_id(trigger: Trigger) -> int:
    place = tracepoint_place(trigger)
    try:
        return int((find_tracefs() / "events" / place / "id").read_text())
    except FileNotFoundError:
        raise UsageError(
            f"there is no {trigger}", f"look for it in {find_tracefs()}/events"
        ) from None


def _tracepoint_events(trigger: Trigger) -> Iterator[int]:
    attr = libbpf.PerfEventAttr()
    attr.type, attr.config, attr.sample_period = _TYPE_TRACEPOINT, _tracepoint_id(trigger), 1
    # one event serves all CPUs: its program hangs on the tracepoint itself
    yield libbpf.perf_event_open(attr, -1, online_cpus()[0])


def _explain(trigger: Trigger, error: OSError) -> TwtuiError:
    if trigger.kind in (TriggerKind.UPROBE, TriggerKind.URETPROBE):
        return explain_function(trigger, error)
    if error.errno in (errno.EACCES, errno.EPERM):
        return PermissionDeniedError(
            f"{trigger} may not be attached: {error.strerror}",
            "run it with sudo, or lower it with: sysctl kernel.perf_event_paranoid=2",
        )
    if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return UnsupportedError(f"this machine has no {trigger}", "use sample (the CPU clock)")
    if error.errno == errno.EINVAL and trigger.kind is TriggerKind.SAMPLE:
        return UsageError(
            f"the kernel refuses {trigger.label}",
            "stay below: sysctl kernel.perf_event_max_sample_rate",
        )
    return TwtuiError(f"{trigger} could not be attached: {error.strerror}", refusal(error).hint)


class Attachments:
    """What is attached in one run."""

    def __init__(self) -> None:
        self._links: list[int] = []
        self._events: list[int] = []
        self._functions = FunctionEvents()

    def attach(
        self, trigger: Trigger, program: int, cookie: int,
        pids: Sequence[int] = (), all_processes: bool = False,
    ) -> None:  # fmt: skip
        """Attach a program to a trigger.

        Args:
            trigger: Anything but a probe.
            program: File descriptor of a program of ``program_type(trigger)``.
            cookie: What the program reads as its cookie.
            pids: For a function, the processes that have it; other triggers fire for all processes.
            all_processes: A function fires for every process that maps the same file, now or later.

        Raises:
            TwtuiError: It could not be attached, and none of it stays attached.
        """
        before = self.mark()
        try:
            for event in self._open(trigger, pids, all_processes):
                self._events.append(event)
                self._links.append(libbpf.link_perf_event(program, event, cookie))
        except OSError as error:
            self.undo(before)
            raise _explain(trigger, error) from None
        except TwtuiError:
            self.undo(before)
            raise

    def _open(self, trigger: Trigger, pids: Sequence[int], all_processes: bool) -> Iterator[int]:
        match trigger.kind:
            case TriggerKind.SAMPLE:
                return _sample_events(trigger)
            case TriggerKind.UPROBE | TriggerKind.URETPROBE:
                return self._functions.open(trigger, pids, all_processes, online_cpus()[0])
        return _tracepoint_events(trigger)

    def mark(self) -> tuple[int, int]:
        """What is attached now, for ``undo``."""
        return len(self._links), len(self._events)

    def undo(self, mark: tuple[int, int]) -> None:
        """Detach what was attached since."""
        for fds, kept in zip((self._links, self._events), mark, strict=True):
            _close_all(fds[kept:])
            del fds[kept:]

    def close(self) -> None:
        """Detach everything; nothing fires after it returns. Idempotent."""
        self.undo((0, 0))


def _close_all(fds: Sequence[int]) -> None:
    """Side by side: the kernel waits about 100 ms for each function's event, and shares the waits."""
    if not fds:
        return
    with ThreadPoolExecutor(min(len(fds), _MOST_CLOSERS)) as pool:
        list(pool.map(_close, fds))


def _close(fd: int) -> None:
    with suppress(OSError):
        os.close(fd)
