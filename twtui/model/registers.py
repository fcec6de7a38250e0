"""Where a task's saved user registers are, by architecture: one table each, nothing else knows."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Registers:
    """Register names of one architecture, as indexes of 8-byte words into ``struct pt_regs``."""

    index: Mapping[str, int]
    """Every name a person may write, ``ip``, ``sp`` and ``ret`` included."""
    function_arguments: tuple[str, ...]
    """Registers of arg1, arg2, … at a function's entry."""
    syscall_arguments: tuple[str, ...]
    """The same at a system call's entry."""
    return_pops_bytes: int
    """How much higher the stack pointer is after a return than at the function's entry."""

    @property
    def count(self) -> int:
        """Words of ``struct pt_regs``."""
        return 1 + max(self.index.values())

    def argument(self, number: int, of_syscall: bool) -> int:
        """The index of argument ``number`` (counted from 1).

        Raises:
            LookupError: The calling convention passes no such argument in a register.
        """
        names = self.syscall_arguments if of_syscall else self.function_arguments
        if not 1 <= number <= len(names):
            raise LookupError(f"arg{number} is not passed in a register")
        return self.index[names[number - 1]]


def _words(names: str) -> dict[str, int]:
    return {name: index for index, name in enumerate(names.split())}


_X86_64 = _words(
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
)
_AARCH64 = _words(" ".join(f"x{number}" for number in range(31)) + " sp pc pstate")

ARCHITECTURES: Mapping[str, Registers] = {
    # arch/x86/include/uapi/asm/ptrace.h: struct pt_regs
    "x86_64": Registers(
        index=_X86_64
        | {"ip": _X86_64["rip"], "sp": _X86_64["rsp"], "ret": _X86_64["rax"], "fp": _X86_64["rbp"]},
        function_arguments=("rdi", "rsi", "rdx", "rcx", "r8", "r9"),
        syscall_arguments=("rdi", "rsi", "rdx", "r10", "r8", "r9"),
        return_pops_bytes=8,
    ),
    # arch/arm64/include/uapi/asm/ptrace.h: struct user_pt_regs
    "aarch64": Registers(
        index=_AARCH64 | {"ip": _AARCH64["pc"], "ret": 0, "fp": 29, "lr": 30},
        function_arguments=tuple(f"x{number}" for number in range(6)),
        syscall_arguments=tuple(f"x{number}" for number in range(6)),
        return_pops_bytes=0,
    ),
}

_NAMES = {
    table.count: {index: name for name, index in reversed(list(table.index.items()))}
    for table in ARCHITECTURES.values()
}
"""By the number of registers, which no two architectures share: the first name of each."""


def named_registers(saved: bytes) -> dict[str, int]:
    """Registers by name, in the order of ``struct pt_regs``; none where the bytes are no such struct.

    Args:
        saved: 8 bytes for each register. Their number tells the architecture.
    """
    names = _NAMES.get(len(saved) // 8) if len(saved) % 8 == 0 else None
    if names is None:
        return {}
    return {names[at]: word for at, (word,) in enumerate(struct.iter_unpack("<Q", saved))}


def packed_registers(named: Mapping[str, int]) -> bytes:
    """The inverse of ``named_registers``; empty where the names are not those of an architecture."""
    names = _NAMES.get(len(named), {})
    if sorted(names.values()) != sorted(named):
        return b""
    return b"".join(
        (named[names[at]] & (1 << 64) - 1).to_bytes(8, "little") for at in sorted(names)
    )
