"""What the kernel must refuse: each program differs in one thing from one that it takes."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.linker import Instruction
from twtui.kernel.doctor.btf_writer import GLOBAL, STATIC, BtfWriter
from twtui.kernel.doctor.smallest_programs import (
    SmallProgram,
    WorkMap,
    add,
    assemble,
    call_helper,
    call_kfunc,
    leave,
    load_callback,
    load_map,
    look_up,
    move,
    move_register,
    store_word,
)

_CURRENT_TASK, _COPY_FROM_USER = 158, 148
_FRAME = 10
_LOAD_WORD, _JUMP_UNLESS_ZERO = 0x61, 0x55
_HASH, _PERCPU_HASH, _LRU_HASH, _LRU_PERCPU_HASH, _CGROUP_STORAGE = 1, 5, 9, 10, 32
Code = Sequence[Instruction]
EMPTY = (move(0, 0), leave())
CURRENT_TASK = (call_helper(_CURRENT_TASK),)
NO_TASK = (
    r"(arg#0|R1) (pointer type STRUCT task_struct must point to|must be referenced or trusted)"
    r"|(arg#0|R1) (type=\w+ expected=(trusted_|rcu_)?ptr_|is .*expected .*STRUCT task_struct)"
)
"""Of the first argument, in the words of several versions; no other refusal has them."""


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def works(held: ExitStack) -> WorkMap:
    return new_map(held)


def new_map(held: ExitStack, kind: int = libbpf.MAP_ARRAY, works: int = 1) -> WorkMap:
    made = WorkMap(kind, works)
    held.callback(made.close)
    return made


def kfunc(number: int) -> Instruction:
    return call_kfunc(find_kfuncs(kernel_btf()).ids[number])


def in_map(work_map: WorkMap, checked: bool = True) -> Code:
    """The work in a map's value into register 2; without one, the program ends."""
    over_end = Instruction(_JUMP_UNLESS_ZERO, 0, 0, 2, 0)
    end = (over_end, *EMPTY) if checked else ()
    return [*look_up(work_map.fd), *end, move_register(2, 0)]


def on_stack() -> Code:
    """The address of eight zeroes on the stack into register 2."""
    zeroes = (store_word(_FRAME, -16, 0), store_word(_FRAME, -12, 0))
    return [*zeroes, move_register(2, _FRAME), add(2, -16)]


def schedule(
    work_map: WorkMap, work: Code, given_map: Code, number: int = 1, callback: Code = EMPTY,
    linkage: int = STATIC, task: Code = CURRENT_TASK, first: Code = (),
) -> SmallProgram:  # fmt: skip
    """A program that schedules: ``work`` fills register 2, ``given_map`` register 3."""
    program = [
        *first, *task, move_register(6, 0), *work, move_register(1, 6), *given_map,
        *load_callback(4), move(5, 0), kfunc(number), *EMPTY,
    ]  # fmt: skip
    return assemble(program, list(callback), work_map, linkage)


def load(work_map: WorkMap, program: SmallProgram) -> None:
    kind, name = libbpf.PROG_PERF_EVENT, "tw_refused"
    os.close(libbpf.prog_load(kind, name, program.code, work_map.btf_fd, program.functions))


def refused(work_map: WorkMap, program: SmallProgram, words: str) -> None:
    with pytest.raises(libbpf.VerifierError) as caught:
        load(work_map, program)
    log = caught.value.log
    assert re.search(words, log), log[-800:]
    assert bool(re.search(NO_TASK, log)) is (words == NO_TASK), log[-800:]


@pytest.mark.parametrize("number", [1, 2])
def test_what_all_the_others_differ_from_is_taken(works: WorkMap, number: int) -> None:
    load(works, schedule(works, in_map(works), load_map(3, works.fd), number))


@pytest.mark.parametrize("number", [1, 2])
def test_another_map_than_the_one_that_holds_the_work(
    held: ExitStack, works: WorkMap, number: int
) -> None:
    other = new_map(held)
    program = schedule(works, in_map(works), load_map(3, other.fd), number)
    refused(works, program, r"doesn't match map pointer")


@pytest.mark.parametrize("number", [1, 2])
def test_work_that_is_in_no_map(works: WorkMap, number: int) -> None:
    program = schedule(works, on_stack(), load_map(3, works.fd), number)
    refused(works, program, r"doesn't point to a map value|expected.*map value")


def test_no_map(works: WorkMap) -> None:
    refused(works, schedule(works, in_map(works), [move(3, 0)]), r"NULL|expected=map_ptr")


def test_no_work(works: WorkMap) -> None:
    refused(works, schedule(works, [move(2, 0)], load_map(3, works.fd)), r"NULL|map value")


def test_work_that_may_not_be_there(held: ExitStack) -> None:
    hashed = new_map(held, _HASH)
    load(hashed, schedule(hashed, in_map(hashed), load_map(3, hashed.fd)))
    program = schedule(hashed, in_map(hashed, checked=False), load_map(3, hashed.fd))
    refused(hashed, program, r"NULL|map_value_or_null")


def test_a_number_for_a_task(works: WorkMap) -> None:
    program = schedule(works, in_map(works), load_map(3, works.fd), task=[move(0, 1)])
    refused(works, program, NO_TASK)


@pytest.mark.parametrize(
    ("words", "are_these"),
    [
        ("arg#0 pointer type STRUCT task_struct must point to scalar, or struct with scalar", True),
        ("R1 pointer type STRUCT task_struct must point to scalar, or struct with scalar", True),
        ("R1 type=scalar expected=ptr_, trusted_ptr_, rcu_ptr_", True),
        ("R1 type=scalar expected=trusted_ptr_", True),
        ("R1 must be referenced or trusted", True),
        ("arg#0 is scalar, expected pointer to STRUCT task_struct", True),
        ("R1 is scalar expected STRUCT task_struct", True),
        (
            "       | ^-- update: R1 changed from uninitialized value to integer scalar value 1",
            False,
        ),
        ("12: (bf) r1 = r6     ; R1=trusted_ptr_task_struct() R6=trusted_ptr_task_struct()", False),
        ("R3 type=scalar expected=map_ptr", False),
        ("R2 type=scalar expected=ptr_, trusted_ptr_, rcu_ptr_", False),
        ("arg#1 doesn't point to a map value", False),
        ("Possibly NULL pointer passed to trusted arg1", False),
    ],
)
def test_what_versions_say_of_a_number_for_a_task(words: str, are_these: bool) -> None:
    assert bool(re.search(NO_TASK, words)) is are_these


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        ([move_register(0, 4), leave()], r"R4 !read_ok"),
        ([leave()], r"R0 !read_ok"),
        ([move_register(0, _FRAME), leave()], r"(?i)R0.*(scalar|known value|leak)"),
    ],
    ids=["a fourth parameter", "no result", "an address as its result"],
)
def test_a_callback_of_another_signature(works: WorkMap, callback: Code, words: str) -> None:
    program = schedule(works, in_map(works), load_map(3, works.fd), callback=callback)
    refused(works, program, words)


def test_a_callback_that_is_not_static(works: WorkMap) -> None:
    program = schedule(works, in_map(works), load_map(3, works.fd), linkage=GLOBAL)
    refused(works, program, r"not static")


READS = {
    "bpf_copy_from_user": call_helper(_COPY_FROM_USER),
    "bpf_copy_from_user_str": kfunc(3),
}


def read_user_memory(call: Instruction) -> Code:
    """Eight bytes of user memory onto the stack; the flags are for the kfunc only."""
    return [*on_stack(), move_register(1, 2), move(2, 8), move(3, 0), move(4, 0), call]


@pytest.mark.parametrize("name", list(READS))
def test_a_read_that_sleeps_outside_the_callback(works: WorkMap, name: str) -> None:
    program = schedule(
        works, in_map(works), load_map(3, works.fd), first=read_user_memory(READS[name])
    )
    refused(works, program, r"sleep|cannot use helper|unknown func")


@pytest.mark.parametrize("name", list(READS))
def test_the_same_read_in_the_callback_is_taken(works: WorkMap, name: str) -> None:
    callback = [*read_user_memory(READS[name]), *EMPTY]
    load(works, schedule(works, in_map(works), load_map(3, works.fd), callback=callback))


def test_the_work_itself_may_not_be_read(works: WorkMap) -> None:
    look = Instruction(_LOAD_WORD, 7, 2, 0, 0)
    program = schedule(works, [*in_map(works), look], load_map(3, works.fd))
    refused(works, program, r"bpf_task_work cannot be accessed directly")


def make_map(held: ExitStack, kind: int, struct_name: str) -> None:
    """A map whose value is a struct of that name, otherwise the same."""
    types = BtfWriter()
    number = types.integer("int", 4, signed=True)
    opaque = types.integer("unsigned long long", 8)
    work = types.structure(struct_name, 8, [("__opaque", opaque, 0)])
    value = types.structure("tw_value", 8, [("work", work, 0)])
    btf = libbpf.btf_create(types.data())
    held.callback(os.close, btf)
    of_objects = kind in (libbpf.MAP_TASK_STORAGE, _CGROUP_STORAGE)
    entries, flags = (0, libbpf.F_NO_PREALLOC) if of_objects else (8, 0)
    fd = libbpf.map_create(kind, "tw_refused", 4, 8, entries, flags, (btf, number, value))
    held.callback(os.close, fd)


@pytest.mark.parametrize("kind", [_HASH, libbpf.MAP_ARRAY, _LRU_HASH])
def test_three_kinds_of_maps_hold_work(held: ExitStack, kind: int) -> None:
    make_map(held, kind, "bpf_task_work")


@pytest.mark.parametrize(
    "kind",
    [
        libbpf.MAP_PERCPU_ARRAY, _PERCPU_HASH, _LRU_PERCPU_HASH, libbpf.MAP_TASK_STORAGE,
        _CGROUP_STORAGE,
    ],
)  # fmt: skip
def test_other_kinds_of_maps_do_not(held: ExitStack, kind: int) -> None:
    make_map(held, kind, "of_another_name")
    with pytest.raises(OSError) as caught:
        make_map(held, kind, "bpf_task_work")
    assert caught.value.errno in (errno.EOPNOTSUPP, errno.EINVAL)


def test_a_value_holds_one_work_only(held: ExitStack) -> None:
    both = new_map(held, works=2)  # the kernel makes the map, and no program may use its works
    refused(
        both,
        schedule(both, in_map(both), load_map(3, both.fd)),
        r"no valid bpf_task_work|more than one",
    )
