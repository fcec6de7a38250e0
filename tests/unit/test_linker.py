"""The linker on instruction bytes: what it resolves, and what it refuses to guess."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.kernel.bpf.placeholders import HELPERS, KFUNC_BASE, KFUNCS, MAP_HIGH_WORD, MAPS
from twtui.kernel.compiling.linker import (
    Instruction,
    LinkError,
    function_end,
    function_starts,
    link,
)
from twtui.kernel.compiling.source import bpf_directory

MOVE, LOAD_64, CALL, EXIT, JUMP, JUMP_IF = 0xB7, 0x18, 0x85, 0x95, 0x05, 0x15
KFUNC_IDS = {number: 70_000 + number for number in KFUNCS}
MAP_FDS = {name: 20 + number for number, name in MAPS.items()}


def insn(
    code: int, immediate: int = 0, *, target: int = 0, source: int = 0, offset: int = 0
) -> bytes:
    return Instruction(code, target, source, offset, immediate).pack()


def load_64(low: int, high: int, *, target: int = 1, source: int = 0) -> bytes:
    return insn(LOAD_64, low, target=target, source=source) + insn(0, high)


def unpacked(code: bytes) -> list[Instruction]:
    return [Instruction.unpack(code[at : at + 8]) for at in range(0, len(code), 8)]


def linked(*parts: bytes, starts: list[int] | None = None) -> list[Instruction]:
    return unpacked(link(b"".join(parts), starts or [0], KFUNC_IDS, MAP_FDS))


def end_of(*parts: bytes, start: int = 0) -> int:
    instructions = unpacked(b"".join(parts))
    return function_end(instructions.__getitem__, start)


@given(
    st.integers(0, 255), st.integers(0, 15), st.integers(0, 15),
    st.integers(-(2**15), 2**15 - 1), st.integers(-(2**31), 2**31 - 1),
)  # fmt: skip
def test_an_instruction_survives_packing(
    code: int, target: int, source: int, offset: int, immediate: int
) -> None:
    instruction = Instruction(code, target, source, offset, immediate)
    assert Instruction.unpack(instruction.pack()) == instruction


@pytest.mark.parametrize("number", list(KFUNCS))
def test_a_magic_call_becomes_a_kfunc_call(number: int) -> None:
    (call, _) = linked(insn(CALL, KFUNC_BASE + number), insn(EXIT))
    assert call == Instruction(CALL, 0, 2, 0, 70_000 + number)


@pytest.mark.parametrize("number", list(MAPS))
def test_a_magic_constant_becomes_a_map(number: int) -> None:
    low, high, _ = linked(load_64(number, MAP_HIGH_WORD, target=3), insn(EXIT))
    assert low == Instruction(LOAD_64, 3, 1, 0, 20 + number)
    assert high == Instruction(0, 0, 0, 0, 0)


def test_an_offset_becomes_a_callback_relative_to_the_load() -> None:
    program = (insn(MOVE), load_64(4 * 8, 0, target=4), insn(EXIT), insn(EXIT))
    load = linked(*program, starts=[0, 4])[1]
    assert load == Instruction(LOAD_64, 4, 4, 0, 4 - 1 - 1)


def test_helpers_and_resolved_calls_stay() -> None:
    program = (insn(CALL, 14), insn(CALL, 1, source=1), insn(EXIT), insn(EXIT))
    assert linked(*program, starts=[0, 3]) == unpacked(b"".join(program))


def test_ordinary_constants_stay() -> None:
    program = (load_64(-1, 0), load_64(5, 0x1234_5678), insn(EXIT))
    assert linked(*program) == unpacked(b"".join(program))


@pytest.mark.parametrize(
    ("program", "starts", "words"),
    [
        (insn(CALL, KFUNC_BASE + 99), [0], "unknown call 0x7f000063"),
        (insn(CALL, KFUNC_BASE), [0], "unknown call"),
        (insn(CALL, -1), [0], "unknown call"),
        (insn(CALL, 5000), [0], "unknown call"),
        (insn(CALL, 14, source=2), [0], "unknown call"),
        (insn(CALL, 0, source=1) + insn(EXIT), [0], "does not hit the start of a function"),
        (load_64(99, MAP_HIGH_WORD), [0], "unknown map 99"),
        (load_64(0, MAP_HIGH_WORD), [0], "unknown map 0"),
        (load_64(8, 0) + insn(EXIT), [0, 2], "unknown address 0x8"),
        (load_64(17, 0) + insn(EXIT), [0, 2], "unknown address 0x11"),
        (load_64(3, 0, source=1), [0], "unknown address (source 1)"),
        (insn(LOAD_64, 1), [0], "half an instruction"),
    ],
)
def test_what_is_not_known_is_an_error(program: bytes, starts: list[int], words: str) -> None:
    with pytest.raises(LinkError, match=re.escape(words)):
        link(program, starts, KFUNC_IDS, MAP_FDS)


def test_a_map_without_a_descriptor_is_an_error() -> None:
    with pytest.raises(LinkError, match="unknown map flights"):
        link(load_64(2, MAP_HIGH_WORD), [0], KFUNC_IDS, {"slots": 3})


def test_a_kfunc_that_the_kernel_lacks_is_an_error() -> None:
    with pytest.raises(LinkError, match="bpf_task_from_pid is not there"):
        link(insn(CALL, KFUNC_BASE + 4), [0], {1: 1}, MAP_FDS)


def test_a_function_ends_at_its_exit() -> None:
    assert end_of(insn(MOVE), insn(EXIT), insn(MOVE)) == 2


def test_an_early_exit_is_not_the_end() -> None:
    assert end_of(insn(JUMP_IF, offset=1), insn(EXIT), insn(MOVE), insn(EXIT), insn(EXIT)) == 4


def test_a_function_may_end_in_a_jump_backwards() -> None:
    assert (
        end_of(insn(MOVE), insn(JUMP_IF, offset=1), insn(EXIT), insn(JUMP, offset=-3), insn(EXIT))
        == 4
    )


def test_a_jump_forwards_at_the_end_is_not_the_end() -> None:
    assert end_of(insn(JUMP, offset=1), insn(EXIT), insn(MOVE), insn(EXIT)) == 4


def test_a_wide_jump_is_followed() -> None:
    body = [insn(JUMP_IF, offset=30_000), *[insn(EXIT)] * 30_000, insn(EXIT), insn(EXIT)]
    assert end_of(*body) == 30_002


def test_the_second_half_of_a_load_is_no_instruction() -> None:
    # the high word of this constant would read as an exit
    assert end_of(insn(LOAD_64, 1), insn(EXIT, 7), insn(EXIT), insn(EXIT)) == 3


def test_jumps_with_32_bits_count_as_jumps() -> None:
    assert end_of(insn(0x16, offset=1), insn(EXIT), insn(EXIT), insn(EXIT)) == 3


def test_a_function_without_end_is_an_error() -> None:
    with pytest.raises(LinkError, match="has no end"):
        function_end(lambda _: Instruction(MOVE, 0, 0, 0, 0), 0)


def test_functions_follow_one_another() -> None:
    code = unpacked(insn(EXIT) + insn(MOVE) + insn(EXIT) + insn(EXIT) + insn(MOVE))
    assert function_starts(code.__getitem__, 1, 3) == ([0, 1, 3], 4)


def test_the_placeholders_are_those_of_the_header() -> None:
    text = (bpf_directory() / "task_work.h").read_text()
    kfuncs = dict(re.findall(r"\(\*(\w+)\)\([^;]*= TW_KFUNC\((\d+)\);", text))
    assert {int(number) for number in kfuncs.values()} == set(KFUNCS)
    for name, number in kfuncs.items():
        assert KFUNCS[int(number)].endswith(name)
    helpers = re.findall(r"= TW_HELPER\((\d+)\);", text)
    assert {int(number) for number in helpers} == set(HELPERS)
    maps = dict(re.findall(r"#define TW_(\w+) TW_MAP\((\d+)\)", text))
    assert {int(number): name.lower() for name, number in maps.items()} == {
        **MAPS, 5: "capture_programs",
    }  # fmt: skip
    assert f"0x{KFUNC_BASE:x} + (number)" in text
    assert f"0x{MAP_HIGH_WORD << 32:x}ULL + (number)" in text
