"""The programs of one run: compiled side by side, linked, loaded, run and given back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from twtui.errors import CompileError, PermissionDeniedError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import KernelBtf, Kfuncs
from twtui.kernel.compiling.cache_key import cache_keys
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.kernel.compiling.compiler import Compiled
from twtui.kernel.compiling.linker import link
from twtui.kernel.compiling.program_cache import NO_CACHE, ProgramCache
from twtui.kernel.processes.targets import TICK_NS
from twtui.kernel.refusal import is_locked_down, refusal
from twtui.kernel.run.capture_program import registers
from twtui.kernel.run.module import Module
from twtui.model.enums import MapKind
from twtui.wire.layout import EVENT

TRIGGER, EXIT, ENTRY, PROBE = "tw_trigger", "tw_exit", "tw_entry", "tw_probe"
SWEEP, FORK, EXEC = "tw_sweep", "tw_fork", "tw_exec"
_PROGRAMS = (TRIGGER, EXIT, ENTRY, PROBE, SWEEP, FORK, EXEC)
MIN_STACK_BYTES = 8 * (64 + 32)
"""Room for the frames of one stack, user and kernel."""
MIN_PYTHON_BYTES = 2048
"""Room for some 20 frames of a Python program, and for 3 whatever their names."""


def array_bank(slots: int) -> int:
    """Slots of one CPU's bank in an array of about ``slots``: a power of two, at least 1."""
    share = max(1, slots // libbpf.possible_cpus())
    return 1 << (share.bit_length() - 1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What of a plan is compiled into its programs."""

    slots: int
    data_bytes: int
    """Most bytes that one capture returns; at least ``MIN_STACK_BYTES`` with stacks."""
    stacks: bool = False
    python: bool = False
    """Frames of CPython; then ``data_bytes`` is at least ``MIN_PYTHON_BYTES``."""
    registers: bool = False
    """The user registers of every trigger."""

    @property
    def event_bytes(self) -> int:
        """Of ``struct tw_event``: ``TW_BUFFER_BYTES`` behind the fixed part."""
        return EVENT.size + self.data_bytes + 8 + (8 * registers().count if self.registers else 0)


def compile_defines(btf: KernelBtf, map_kind: MapKind, sizes: Sizes) -> list[str]:
    """The compiler's flags for the programs of one map kind on this kernel."""
    cpus, bank = libbpf.possible_cpus(), array_bank(sizes.slots)
    entries = bank * (cpus + 1) if map_kind is MapKind.ARRAY else sizes.slots
    table = registers()
    arguments = (table.argument(number, of_syscall=False) for number in range(1, 7))
    values = {
        "TW_TASK_MM": btf.member_offset("task_struct", "mm"),
        "TW_TASK_TGID": btf.member_offset("task_struct", "tgid"),
        "TW_TASK_EXIT_STATE": btf.member_offset("task_struct", "exit_state"),
        "TW_TASK_LEADER": btf.member_offset("task_struct", "group_leader"),
        "TW_TASK_STARTED": btf.member_offset("task_struct", "start_boottime"),
        "TW_TICK_NS": TICK_NS,
        "TW_REGISTERS": table.count,
        "TW_REGISTER_IP": table.index["ip"],
        "TW_REGISTER_SP": table.index["sp"],
        "TW_REGISTER_FP": table.index["fp"],
        "TW_REGISTER_ARGUMENTS": ",".join(map(str, arguments)),
        "TW_RETURN_POPS": table.return_pops_bytes,
        "TW_DATA_BYTES": sizes.data_bytes,
        "TW_SLOTS_MAX": entries,
        "TW_BANK": bank,
        "TW_CPUS": cpus,
    }
    flags = [f"-D{name}={value}" for name, value in values.items()]
    if sizes.registers:
        flags.append(f"-DTW_KEPT_REGISTERS={table.count}")
    if sizes.stacks:
        flags.append("-DTW_STACKS")
    if sizes.python:
        flags += ["-DTW_PYTHON", *_pid_defines(btf)]
    return flags


def _pid_defines(btf: KernelBtf) -> list[str]:
    """Where a task has its thread id as its own PID namespace numbers it."""
    values = {
        "TW_TASK_PID": btf.member_offset("task_struct", "thread_pid"),
        "TW_PID_LEVEL": btf.member_offset("pid", "level"),
        "TW_PID_NUMBERS": btf.member_offset("pid", "numbers") + btf.member_offset("upid", "nr"),
        # the number, and the pointer to its namespace
        "TW_UPID_BYTES": btf.member_offset("upid", "ns") + 8,
    }
    return [f"-D{name}={value}" for name, value in values.items()]


def jobs_of(btf: KernelBtf, map_kinds: Sequence[MapKind], sizes: Sizes) -> list[CompileJob]:
    """What has to be compiled for some map kinds."""
    return [
        CompileJob(kind, tuple(compile_defines(btf, kind, sizes)), _PROGRAMS) for kind in map_kinds
    ]


def compile_modules(
    btf: KernelBtf,
    map_kinds: Sequence[MapKind],
    sizes: Sizes,
    cache: ProgramCache = NO_CACHE,
) -> dict[MapKind, Module]:
    """The programs of each map kind, from the cache or else compiled.

    Raises:
        CompileError: One of them failed; none is kept.
        UnsupportedError: BCC is not there.
        OSError: The kernel refused a map or BTF; none is kept.
    """
    modules: dict[MapKind, Module] = {}
    try:
        for compiled in _compiled(jobs_of(btf, map_kinds, sizes), btf, cache):
            modules[compiled.map_kind] = Module(compiled)
    except OSError:
        for module in modules.values():
            module.close()
        raise
    return modules


def _compiled(jobs: Sequence[CompileJob], btf: KernelBtf, cache: ProgramCache) -> list[Compiled]:
    keys = cache_keys(jobs, btf.digest)
    known = {job: found for job, key in zip(jobs, keys, strict=True) if (found := cache.load(key))}
    missing = [job for job in jobs if job not in known]
    made = dict(zip(missing, compile_side_by_side(missing), strict=True))
    if missing and cache_keys(jobs, btf.digest) == keys:
        # otherwise a source was changed while it was being compiled
        for job, key in zip(jobs, keys, strict=True):
            if job in made:
                cache.store(key, made[job])
    return [known.get(job) or made[job] for job in jobs]


class Programs:
    """The loaded programs of one map kind."""

    def __init__(self, module: Module, kfuncs: Kfuncs, map_fds: Mapping[str, int]) -> None:
        self.map_kind = module.map_kind
        self._module = module
        self._kfuncs = kfuncs
        self._map_fds = {**map_fds, "slots": module.slots_fd}
        self._fds: dict[tuple[str, int, int], int] = {}

    def load(self, program: str, kind: int, copy: int = 0) -> int:
        """The file descriptor of a program, linked and loaded at its first use.

        Args:
            program: Its name.
            kind: The type to load it as.
            copy: Another number is another program: a tracepoint runs each only once.

        Raises:
            CompileError: The verifier rejected it; its words are the log.
            TwtuiError: The kernel did not get as far as that: no memory, no permission.
        """
        known = self._fds.get((program, kind, copy))
        if known is not None:
            return known
        section = self._module.sections[program]
        code = link(section.code, list(section.starts), self._kfuncs.ids, self._map_fds)
        functions = list(zip(section.starts, section.function_ids, strict=True))
        flags = libbpf.F_SLEEPABLE if kind == libbpf.PROG_SYSCALL else 0
        try:
            fd = libbpf.prog_load(kind, program, code, self._module.btf_fd, functions, flags)
        except libbpf.VerifierError as error:
            if not error.log:
                raise refusal(error) from None
            if is_locked_down():
                raise PermissionDeniedError(
                    "the kernel is locked down (confidentiality): programs may not read its memory",
                    "boot without lockdown=confidentiality; lockdown=integrity is no obstacle",
                    error.log,
                ) from None
            raise CompileError(
                f"the kernel rejected {program} for {self.map_kind}: {last_words(error.log)}",
                "see the log (-v), and report it with the output of twtui doctor",
                error.log,
            ) from None
        self._fds[program, kind, copy] = fd
        return fd

    def run(self, program: str, context: bytes) -> bytes:
        """Run a syscall program once; its context as it left it."""
        return libbpf.test_run(self.load(program, libbpf.PROG_SYSCALL), context)

    @property
    def trigger_fds(self) -> list[int]:
        """The loaded programs that triggers run, and the ends of their calls."""
        return [fd for (program, *_), fd in self._fds.items() if program in (TRIGGER, EXIT)]

    def close(self) -> None:
        """Give everything back. Idempotent."""
        while self._fds:
            with suppress(OSError):
                os.close(self._fds.popitem()[1])
        self._module.close()


def last_words(log: str) -> str:
    """The line of a verifier log that says what is wrong: the last but the statistics."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("processed ", "verification time"))]
    return telling[-1] if telling else "without a word"
