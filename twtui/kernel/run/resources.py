"""What one run holds in the kernel: programs, maps, ring buffer, attachments; given back in order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

from twtui.errors import TwtuiError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.program_cache import ProgramCache, cache_directory
from twtui.kernel.run.capture_program import needs_entry
from twtui.kernel.run.maps import SharedMaps
from twtui.kernel.run.program import (
    ENTRY,
    EXEC,
    EXIT,
    FORK,
    MIN_PYTHON_BYTES,
    MIN_STACK_BYTES,
    TRIGGER,
    Programs,
    Sizes,
    compile_modules,
)
from twtui.kernel.run.ringbuf import RingBuffer
from twtui.kernel.run.triggers import Attachments, program_type, tracepoint_place
from twtui.kernel.run.vantage import require_kernels_numbers
from twtui.model.capture import Read
from twtui.model.enums import Defer, MapKind
from twtui.model.plan import Plan, Watch
from twtui.model.trigger import SAMPLE_CLOCKS, Trigger, TriggerKind

_OWN_BUFFER, _GUARD, _EXIT = 256, 512, 1024
"""Bits of ``enum tw_cookie`` above the number of the watch."""


def _interrupts(trigger: Trigger) -> bool:
    """It may fire in an interrupt, or deep in the kernel."""
    return trigger.kind in (TriggerKind.SAMPLE, TriggerKind.TRACEPOINT)


def _cookie(trigger: Trigger, number: int, is_interrupted: bool) -> int:
    match trigger.kind:
        case TriggerKind.UPROBE | TriggerKind.URETPROBE:
            return number | _OWN_BUFFER
        case TriggerKind.SYSCALL if is_interrupted:
            # up to 7.0 the kernel keeps others out meanwhile (bpf_prog_active)
            return number | _OWN_BUFFER
        case TriggerKind.TRACEPOINT:
            return number | _GUARD
        case TriggerKind.SAMPLE if trigger.name not in SAMPLE_CLOCKS:
            return number | _GUARD
    return number


class KernelResources:
    """The kernel's side of one run."""

    def __init__(self, plan: Plan) -> None:
        """Compile and load what the plan needs; nothing is attached yet.

        Raises:
            TwtuiError: Nothing is kept.
        """
        self._closers: list[Callable[[], None]] = []
        self._defer = plan.defer
        self._has_interrupts = any(_interrupts(watch.trigger) for watch in plan.watches)
        self._tracepoints: Counter[tuple[str, str]] = Counter()
        self._forgets_symbols = False
        btf = kernel_btf()
        kfuncs = find_kfuncs(btf)
        self.kfunc_variant = kfuncs.variant
        self.has_stacks = any(watch.capture.read is Read.STACK for watch in plan.watches)
        self.has_python = any(watch.capture.read is Read.PYTHON for watch in plan.watches)
        data_bytes = max(plan.max_bytes, MIN_STACK_BYTES if self.has_stacks else 0)
        data_bytes = max(data_bytes, MIN_PYTHON_BYTES if self.has_python else 0)
        sizes = Sizes(plan.slots, data_bytes, self.has_stacks, self.has_python, plan.registers)
        cache = ProgramCache(cache_directory())
        modules = compile_modules(btf, plan.map_kinds, sizes, cache)
        self._closers += [module.close for module in modules.values()]
        try:
            first = modules[plan.map_kinds[0]]
            self.bcc = first.bcc
            self.maps = SharedMaps(first, plan.buffer_bytes, sizes.event_bytes, plan.slots)
            self._closers.append(self.maps.close)
            self.programs: dict[MapKind, Programs] = {}
            for kind, module in modules.items():
                self.programs[kind] = Programs(module, kfuncs, self.maps.fds)
                self._closers.append(self.programs[kind].close)
            require_kernels_numbers(self._any_programs)
            self.ring = RingBuffer(self.maps.fds["events"], plan.buffer_bytes)
            self._closers.append(self.ring.close)
            self.attachments = Attachments()
            self._closers.append(self.attachments.close)
        except BaseException:
            self.close()
            raise

    @property
    def _any_programs(self) -> Programs:
        """Programs that are the same for every map kind are loaded once."""
        return next(iter(self.programs.values()))

    def follow_children(self) -> None:
        """From now on a forked child of a target is a target before it runs."""
        self._attach_raw(FORK, "sched_process_fork")

    def forget_symbols_on_exec(self) -> None:
        """From now on a target that becomes another program has no symbols until they are found.

        Idempotent.
        """
        if not self._forgets_symbols:
            self._attach_raw(EXEC, "sched_process_exec")
            self._forgets_symbols = True

    def _attach_raw(self, program: str, tracepoint: str) -> None:
        fd = self._any_programs.load(program, libbpf.PROG_RAW_TRACEPOINT)
        link = libbpf.attach_raw_tracepoint(fd, tracepoint)
        self._closers.append(lambda: os.close(link))

    def attach(self, number: int, watch: Watch, pids: list[int], children: bool) -> None:
        """Attach one watch, in every map kind.

        Raises:
            TwtuiError: It could not be attached, in none of them.
        """
        trigger = watch.trigger
        if trigger.kind is TriggerKind.PROBE:
            return
        before = self.attachments.mark()
        try:
            if needs_entry(watch):
                self.attach_entry(number, watch, pids, children)
            cookie = _cookie(trigger, number, self._has_interrupts)
            if self._defer is Defer.EXIT and (end := trigger.exit):
                # before its start is watched: no call may be put off to an end that is not
                self._attach_in_every_kind(EXIT, end, cookie)
                cookie |= _EXIT
            self._attach_in_every_kind(TRIGGER, trigger, cookie, pids, children)
        except TwtuiError:
            # an optional watch that is left out must not go on in some of the map kinds
            self.attachments.undo(before)
            raise

    def _attach_in_every_kind(
        self, name: str, trigger: Trigger, cookie: int,
        pids: Sequence[int] = (), children: bool = False,
    ) -> None:  # fmt: skip
        place = tracepoint_place(trigger)
        copy = self._tracepoints[name, place] if place else 0
        for programs in self.programs.values():
            program = programs.load(name, program_type(trigger), copy)
            self.attachments.attach(trigger, program, cookie, pids, children)
        self._tracepoints[name, place] += 1

    def attach_entry(self, number: int, watch: Watch, pids: list[int], children: bool) -> None:
        """Save the arguments of a function at its entry, for its return."""
        trigger = watch.trigger
        entry = Trigger(TriggerKind.UPROBE, trigger.name, trigger.category, trigger.offset)
        program = self._any_programs.load(ENTRY, libbpf.PROG_KPROBE)
        self.attachments.attach(entry, program, number, pids, children)

    def close(self) -> None:
        """Give everything back. Idempotent."""
        while self._closers:
            self._closers.pop()()
