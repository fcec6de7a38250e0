"""Makes the perf events of function triggers: a breakpoint in a file, for the picked processes."""

from __future__ import annotations

import ctypes as ct
import errno
from collections.abc import Iterator, Sequence
from pathlib import Path

from twtui.errors import (
    NoSuchTargetError,
    PermissionDeniedError,
    TwtuiError,
    UnsupportedError,
    UsageError,
)
from twtui.kernel.bpf import libbpf
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.names.symbols import function_offset
from twtui.kernel.processes.target_files import TargetFile, find_module
from twtui.kernel.processes.targets import memory_holder
from twtui.kernel.refusal import refusal
from twtui.model.trigger import Trigger, TriggerKind

_PMU = Path("/sys/bus/event_source/devices/uprobe")
_NOT_THERE = (errno.EINVAL, errno.ENOEXEC, errno.EOPNOTSUPP, 524)
"""524 is ENOTSUPP of include/linux/errno.h: not for user space, but uprobes return it."""


def _event_type() -> int:
    try:
        return int((_PMU / "type").read_text())
    except (OSError, ValueError):
        raise UnsupportedError(
            "this kernel cannot watch functions", "run one built with CONFIG_UPROBE_EVENTS=y"
        ) from None


def _return_bit() -> int:
    """The bit of ``config`` that asks for returns: ``config:0``."""
    try:
        _, _, bit = (_PMU / "format/retprobe").read_text().strip().partition("config:")
        return int(bit)
    except (OSError, ValueError):
        raise UnsupportedError(
            "this kernel cannot watch the returns of functions",
            "run one built with CONFIG_UPROBE_EVENTS=y",
        ) from None


def explain_function(trigger: Trigger, error: OSError) -> TwtuiError:
    """The words for what the kernel says to a breakpoint."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return PermissionDeniedError(
            f"{trigger} may not be attached: {error.strerror}",
            "run it with sudo, or with CAP_SYS_ADMIN: Linux asks for it since 6.11",
        )
    if error.errno == errno.ESRCH:
        return NoSuchTargetError("the process has ended", "pick another process")
    if error.errno in _NOT_THERE:
        return UsageError(
            f"the kernel puts no breakpoint at {trigger}: not on that instruction, or not in that "
            "file system",
            "name another function or offset",
        )
    return TwtuiError(f"{trigger} could not be attached: {error.strerror}", refusal(error).hint)


class FunctionEvents:
    """The events of functions; remembers what it has found, as map kinds ask for the same again."""

    def __init__(self) -> None:
        self._offsets: dict[tuple[tuple[int, int], str, int, bool], int] = {}

    def _offset(self, trigger: Trigger, found: TargetFile) -> int:
        at_return = trigger.kind is TriggerKind.URETPROBE
        key = (found.identity, trigger.name, trigger.offset, at_return)
        if key not in self._offsets:
            elf = ElfFile(found.file, found.path)
            self._offsets[key] = function_offset(elf, trigger.name, trigger.offset, at_return)
        return self._offsets[key]

    def open(
        self, trigger: Trigger, pids: Sequence[int], all_processes: bool, cpu: int
    ) -> Iterator[int]:
        """Perf events, each to be closed by the caller.

        Args:
            trigger: A uprobe or uretprobe.
            pids: Processes in which the function is looked up, and which fire.
            all_processes: Every process that has the file mapped, now or later, fires instead.
            cpu: One that is online, for ``all_processes``: the event serves the others too.

        Raises:
            TwtuiError: The function is not there, or the kernel refuses.
        """
        seen: set[tuple[int, int]] = set()
        failed: TwtuiError | None = None
        opened = False
        for pid in pids:
            try:
                found = find_module(pid, trigger.category)
                with found.file:
                    if all_processes and found.identity in seen:
                        continue
                    seen.add(found.identity)
                    offset = self._offset(trigger, found)
                    where = (-1, cpu) if all_processes else (memory_holder(pid), -1)
                    event = self._open_one(trigger, found, offset, *where)
            except NoSuchTargetError as error:
                # one of several has ended meanwhile: the others are watched
                failed = error
                continue
            except OSError as error:
                raise explain_function(trigger, error) from None
            opened = True
            yield event
        if not opened:
            raise failed or NoSuchTargetError(f"no process for {trigger}", "name one with -p PID")

    def _open_one(
        self, trigger: Trigger, found: TargetFile, offset: int, pid: int, cpu: int
    ) -> int:
        """One event.

        A process's event is that of one thread, but the breakpoint is in its memory and the
        program runs for all threads that share it (kernel/trace/trace_uprobe.c,
        ``uprobe_perf_filter``); children have it removed at their first hit.
        """
        path = ct.create_string_buffer(found.open_path.encode())
        attr = libbpf.PerfEventAttr()
        attr.type, attr.sample_period = _event_type(), 1
        if trigger.kind is TriggerKind.URETPROBE:
            attr.config = 1 << _return_bit()
        attr.config1, attr.config2 = ct.addressof(path), offset
        try:
            return libbpf.perf_event_open(attr, pid, cpu)
        except OSError as error:
            raise explain_function(trigger, error) from None
