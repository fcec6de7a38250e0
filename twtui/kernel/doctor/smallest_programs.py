"""The smallest programs that schedule task work, as instructions: no compiler has a part in them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from twtui.kernel.bpf import libbpf
from twtui.kernel.compiling.linker import Instruction
from twtui.kernel.doctor.btf_writer import GLOBAL, VOID, BtfWriter

_MOVE, _MOVE_REGISTER, _ADD, _STORE_32, _LOAD_64 = 0xB7, 0xBF, 0x07, 0x62, 0x18
_JUMP_IF_ZERO, _CALL, _EXIT = 0x15, 0x85, 0x95
_PSEUDO_MAP_FD, _PSEUDO_FUNCTION, _PSEUDO_KFUNC_CALL = 1, 4, 2
_MAP_LOOKUP, _CURRENT_TASK_BTF = 1, 158
_FRAME = 10
"""The register that points behind the stack."""
_WORK_BYTES = 8
"""Of ``struct bpf_task_work``."""


@dataclass(frozen=True, slots=True)
class SmallProgram:
    """Instructions, and where in them the program and its callback start."""

    code: bytes
    functions: list[tuple[int, int]]
    """First instruction and BTF id of each, as ``libbpf.prog_load`` takes them."""


class WorkMap:
    """A map whose one value is a ``struct bpf_task_work``, and the BTF that says so."""

    def __init__(self, kind: int = libbpf.MAP_ARRAY, works: int = 1) -> None:
        """Make it.

        Args:
            kind: ``BPF_MAP_TYPE_…``.
            works: How many ``struct bpf_task_work`` a value has; no program may use two.

        Raises:
            OSError: The kernel refused; nothing is kept.
        """
        types = BtfWriter()
        number = types.integer("int", 4, signed=True)
        opaque = types.integer("unsigned long long", 8)
        work = types.structure("bpf_task_work", _WORK_BYTES, [("__opaque", opaque, 0)])
        members = [(f"work{at}", work, at * _WORK_BYTES) for at in range(works)]
        value = types.structure("tw_small_value", works * _WORK_BYTES, members)
        pointer = types.pointer(VOID)
        self.program_id = types.function("tw_small", number, [("context", pointer)], GLOBAL)
        arguments = [("map", pointer), ("key", pointer), ("value", pointer)]
        self.callback_id = types.function("tw_small_work", number, arguments)
        self.global_callback_id = types.function("tw_global_work", number, arguments, GLOBAL)
        self.btf_fd = libbpf.btf_create(types.data())
        try:
            self.fd = libbpf.map_create(
                kind, "tw_small", 4, works * _WORK_BYTES, 1, 0, (self.btf_fd, number, value)
            )
        except OSError:
            os.close(self.btf_fd)
            raise

    def close(self) -> None:
        """Give map and BTF back."""
        os.close(self.fd)
        os.close(self.btf_fd)


def finds_task_and_work(work_map: WorkMap) -> SmallProgram:
    """A program that has all a schedule takes and does not: what a type must accept at the least."""
    code = [*_task_and_work(work_map, over=0), move(0, 0), leave()]
    return assemble(code, [], work_map)


def schedules(work_map: WorkMap, kfunc_id: int) -> SmallProgram:
    """A program that schedules an empty callback on whatever runs, with the kfunc of that BTF id."""
    schedule = [
        move_register(1, 6),
        move_register(2, 0),
        *load_map(3, work_map.fd),
        *load_callback(4),
        move(5, 0),
        call_kfunc(kfunc_id),
    ]
    code = [*_task_and_work(work_map, over=len(schedule)), *schedule, move(0, 0), leave()]
    return assemble(code, [move(0, 0), leave()], work_map)


def _task_and_work(work_map: WorkMap, over: int) -> list[Instruction]:
    """The current task into register 6, the map's value into 0; without one, skip what follows."""
    return [
        call_helper(_CURRENT_TASK_BTF),
        move_register(6, 0),
        *look_up(work_map.fd),
        jump_if_zero(0, over),
    ]


def assemble(
    program: list[Instruction], callback: list[Instruction], work_map: WorkMap, linkage: int = 0
) -> SmallProgram:
    """A program and its callback; none when that is empty.

    Loads of the callback's address (``load_callback``) are pointed at it.
    """
    start = len(program)
    linked = [
        Instruction(_LOAD_64, one.target, _PSEUDO_FUNCTION, 0, start - at - 1)
        if one.code == _LOAD_64 and one.source == _PSEUDO_FUNCTION
        else one
        for at, one in enumerate(program)
    ]
    code = b"".join(one.pack() for one in (*linked, *callback))
    functions = [(0, work_map.program_id)]
    if callback:
        of_callback = work_map.global_callback_id if linkage == GLOBAL else work_map.callback_id
        functions.append((start, of_callback))
    return SmallProgram(code, functions)


def move(register: int, value: int) -> Instruction:
    """A constant into a register."""
    return Instruction(_MOVE, register, 0, 0, value)


def move_register(register: int, source: int) -> Instruction:
    """One register into another."""
    return Instruction(_MOVE_REGISTER, register, source, 0, 0)


def add(register: int, value: int) -> Instruction:
    """Add a constant to a register."""
    return Instruction(_ADD, register, 0, 0, value)


def store_word(register: int, offset: int, value: int) -> Instruction:
    """A 32-bit constant to where a register points, that many bytes on."""
    return Instruction(_STORE_32, register, 0, offset, value)


def jump_if_zero(register: int, over: int) -> Instruction:
    """Skip that many instructions when a register is 0."""
    return Instruction(_JUMP_IF_ZERO, register, 0, over, 0)


def call_helper(number: int) -> Instruction:
    """Call a helper by its number."""
    return Instruction(_CALL, 0, 0, 0, number)


def call_kfunc(btf_id: int) -> Instruction:
    """Call a kfunc by its id in vmlinux's BTF."""
    return Instruction(_CALL, 0, _PSEUDO_KFUNC_CALL, 0, btf_id)


def leave() -> Instruction:
    """Return what register 0 holds."""
    return Instruction(_EXIT, 0, 0, 0, 0)


def load_map(register: int, fd: int) -> list[Instruction]:
    """A map into a register."""
    return [Instruction(_LOAD_64, register, _PSEUDO_MAP_FD, 0, fd), Instruction(0, 0, 0, 0, 0)]


def load_callback(register: int) -> list[Instruction]:
    """The address of the callback into a register."""
    return [Instruction(_LOAD_64, register, _PSEUDO_FUNCTION, 0, 0), Instruction(0, 0, 0, 0, 0)]


def look_up(map_fd: int) -> list[Instruction]:
    """The address of a map's value 0 into register 0; 0 where there is none."""
    return [
        store_word(_FRAME, -4, 0),
        *load_map(1, map_fd),
        move_register(2, _FRAME),
        add(2, -4),
        call_helper(_MAP_LOOKUP),
    ]
