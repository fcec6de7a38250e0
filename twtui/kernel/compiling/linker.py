"""The last step of linking, which BCC lacks: kfuncs, maps and callbacks, on instruction bytes.

BCC compiles a program and its static functions into one section, the program first. In the
machine code a kfunc is a call with a magic immediate, a map a magic 64-bit constant, and the
address of a callback its byte offset within the section (see bpf/task_work.h).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twtui.errors import CompileError
from twtui.kernel.bpf.placeholders import KFUNC_BASE, KFUNCS, MAP_HIGH_WORD, MAPS

_INSTRUCTION = struct.Struct("<BBhi")
INSTRUCTION_BYTES = 8
_LOAD_64, _CALL, _EXIT, _JUMP = 0x18, 0x85, 0x95, 0x05
_CLASS, _CLASS_JUMP, _CLASS_JUMP_32 = 7, 5, 6
_PSEUDO_MAP_FD, _PSEUDO_FUNCTION = 1, 4
_PSEUDO_CALL, _PSEUDO_KFUNC_CALL = 1, 2
_KNOWN_HELPERS = 1000
MAX_FUNCTION_INSTRUCTIONS = 100_000


class LinkError(CompileError):
    """The machine code holds something that the linker does not know; it never guesses."""

    def __init__(self, message: str) -> None:
        super().__init__(f"linking failed: {message}", "report this with your BCC version")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One eBPF instruction."""

    code: int
    target: int
    source: int
    offset: int
    immediate: int

    @classmethod
    def unpack(cls, data: bytes) -> Instruction:
        """From its 8 bytes."""
        code, registers, offset, immediate = _INSTRUCTION.unpack(data)
        return cls(code, registers & 15, registers >> 4, offset, immediate)

    def pack(self) -> bytes:
        """Its 8 bytes."""
        registers = self.source << 4 | self.target
        return _INSTRUCTION.pack(self.code, registers, self.offset, self.immediate)

    @property
    def jumps(self) -> bool:
        """Control may go to ``offset``: any jump but call and exit."""
        is_jump = self.code & _CLASS in (_CLASS_JUMP, _CLASS_JUMP_32)
        return is_jump and self.code not in (_CALL, _EXIT)

    @property
    def words(self) -> int:
        """Instruction slots that it takes."""
        return 2 if self.code == _LOAD_64 else 1


def function_end(read: Callable[[int], Instruction], start: int) -> int:
    """One past the last instruction of the function at ``start``.

    It ends at the first exit or unconditional jump at or past the furthest jump target: a
    function may end in a jump backwards, and may have several exits.

    Raises:
        LinkError: No end within ``MAX_FUNCTION_INSTRUCTIONS``.
    """
    at = furthest = start
    while at - start < MAX_FUNCTION_INSTRUCTIONS:
        instruction = read(at)
        if instruction.jumps:
            furthest = max(furthest, at + 1 + instruction.offset)
        if instruction.code in (_EXIT, _JUMP) and at >= furthest:
            return at + 1
        at += instruction.words
    raise LinkError(f"the function at instruction {start} has no end")


def function_starts(
    read: Callable[[int], Instruction], program_size: int, functions: int
) -> tuple[list[int], int]:
    """Where the functions of a section start, and where the last one ends.

    Args:
        read: Instruction by index; indexes past ``program_size`` are the functions'.
        program_size: Instructions of the program, which is the first function.
        functions: How many functions there are, the program included.
    """
    starts, at = [0], program_size
    for _ in range(functions - 1):
        starts.append(at)
        at = function_end(read, at)
    return starts, at


def link(
    code: bytes, starts: list[int], kfunc_ids: Mapping[int, int], map_fds: Mapping[str, int]
) -> bytes:
    """Resolve every placeholder.

    Args:
        code: A whole section.
        starts: First instruction of each of its functions.
        kfunc_ids: Number of each kfunc to its BTF id.
        map_fds: Name of each map to its file descriptor.

    Raises:
        LinkError: A call, a map or a function address that is not known.
    """
    instructions = [
        Instruction.unpack(code[at : at + INSTRUCTION_BYTES])
        for at in range(0, len(code), INSTRUCTION_BYTES)
    ]
    linked: list[Instruction] = []
    at = 0
    while at < len(instructions):
        one = instructions[at]
        if one.code == _CALL:
            linked.append(_link_call(one, at, starts, kfunc_ids))
        elif one.code == _LOAD_64:
            if at + 1 == len(instructions):
                raise LinkError(f"half an instruction at {at}")
            linked += _link_load(one, instructions[at + 1], at, starts, map_fds)
        else:
            linked.append(one)
        at += one.words
    return b"".join(instruction.pack() for instruction in linked)


def _link_call(
    call: Instruction, at: int, starts: list[int], kfunc_ids: Mapping[int, int]
) -> Instruction:
    if call.source == _PSEUDO_CALL:
        if at + 1 + call.immediate not in starts:
            raise LinkError(f"the call at {at} does not hit the start of a function")
        return call
    number = call.immediate - KFUNC_BASE
    if call.source == 0 and number in KFUNCS:
        if number not in kfunc_ids:
            raise LinkError(f"{KFUNCS[number]} is not there")
        return Instruction(_CALL, 0, _PSEUDO_KFUNC_CALL, 0, kfunc_ids[number])
    if call.source == 0 and 0 < call.immediate < _KNOWN_HELPERS:
        return call
    raise LinkError(f"unknown call {call.immediate:#x} (source {call.source}) at {at}")


def _link_load(
    low: Instruction, high: Instruction, at: int, starts: list[int], map_fds: Mapping[str, int]
) -> tuple[Instruction, Instruction]:
    if low.source:
        raise LinkError(f"unknown address (source {low.source}) at {at}")
    if high.immediate == MAP_HIGH_WORD:
        name = MAPS.get(low.immediate)
        if name is None or name not in map_fds:
            raise LinkError(f"unknown map {name or low.immediate} at {at}")
        return (
            Instruction(_LOAD_64, low.target, _PSEUDO_MAP_FD, 0, map_fds[name]),
            Instruction(0, 0, 0, 0, 0),
        )
    if high.immediate == 0 and low.immediate >= 0:
        # the compiler loads plain constants of that size with a shorter instruction
        callback, rest = divmod(low.immediate, INSTRUCTION_BYTES)
        if rest or callback not in starts[1:]:
            raise LinkError(f"unknown address {low.immediate:#x} at {at}")
        return (
            Instruction(_LOAD_64, low.target, _PSEUDO_FUNCTION, 0, callback - at - 1),
            Instruction(0, 0, 0, 0, 0),
        )
    return low, high
