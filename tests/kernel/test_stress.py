"""Sixteen threads on 128 slots: every callback is accounted for, whatever is thrown away under it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from programs_harness import compiled

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.linker import link
from twtui.kernel.run.module import Module
from twtui.model.enums import MapKind, Mode

THREADS, RUNS, KEYS = 16, 3_000, 128
EVERY_KIND = [
    (kind, slots, deletes)
    for kind in MapKind
    for slots in ((KEYS, KEYS // 4) if kind is MapKind.LRU_HASH else (KEYS,))
    for deletes in (False, True)
]
"""With fewer slots than keys an LRU throws away by itself."""
_COUNTS = struct.Struct("<12Q")
_TABLES = {MapKind.HASH: "hash", MapKind.ARRAY: "array", MapKind.LRU_HASH: "lru_hash"}


@dataclass(frozen=True)
class Stress:
    """What happened, each number counted where it happened."""

    left: int
    """Flights that were never cleared, counted one by one at the end: cancelled as well."""
    tries: int
    scheduled: int
    busy: int
    no_slot: int
    no_memory: int
    refused: int
    inserted: int
    deleted: int
    not_deleted: int
    completed: int
    cancelled: int
    stray: int
    """Callbacks of which nobody knew."""

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:,}" for name, value in vars(self).items())


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def stress(
    held: ExitStack, program: Path, kind: MapKind, slots: int, deletes: bool, mode: Mode
) -> Stress:
    defines = {
        "KIND": f'"{_TABLES[kind]}"', "KEYS": KEYS, "SLOTS": slots, "DELETES": int(deletes),
        "FLAGS": libbpf.F_NO_PREALLOC if kind is MapKind.HASH else 0,
        "IS_ARRAY": int(kind is MapKind.ARRAY), "SIGNAL": mode.number,
    }  # fmt: skip
    flags = [f"-D{name}={value}" for name, value in defines.items()]
    module = Module(compiled("stress.c", ("stress",), kind, *flags))
    held.callback(module.close)
    maps = {"slots": module.slots_fd}
    for name, type_, value_bytes, entries in (
        ("flights", libbpf.MAP_HASH, 8, 64),
        ("counters", libbpf.MAP_ARRAY, _COUNTS.size, 1),
    ):
        maps[name] = libbpf.map_create(type_, f"stress_{name}", 4, value_bytes, entries)
        held.callback(os.close, maps[name])
    section = module.sections["stress"]
    code = link(section.code, list(section.starts), find_kfuncs(kernel_btf()).ids, maps)
    functions = list(zip(section.starts, section.function_ids, strict=True))
    fd = libbpf.prog_load(libbpf.PROG_RAW_TRACEPOINT, "stress", code, module.btf_fd, functions)
    held.callback(os.close, fd)
    command = [str(program), *map(str, (fd, maps["flights"], THREADS, RUNS))]
    subprocess.run(command, pass_fds=(fd, maps["flights"]), check=True, timeout=120)
    left = [
        libbpf.map_lookup(maps["flights"], key, 8) for key in libbpf.map_keys(maps["flights"], 4)
    ]
    assert len(left) == THREADS
    counts = _COUNTS.unpack(libbpf.map_lookup(maps["counters"], bytes(4), _COUNTS.size))
    return Stress(sum(int.from_bytes(value, "little") for value in left), *counts)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("kind", "slots", "deletes"),
    EVERY_KIND,
    ids=[
        f"{kind}-{slots}-{'deletes' if deletes else 'keeps'}" for kind, slots, deletes in EVERY_KIND
    ],
)
def test_every_callback_is_accounted_for(
    held: ExitStack, stress_program: Path, kind: MapKind, slots: int, deletes: bool, mode: Mode
) -> None:
    seen = stress(held, stress_program, kind, slots, deletes, mode)
    sys.stdout.write(f"{kind} {slots} {mode} {'deletes' if deletes else 'keeps'}: {seen}\n")
    assert seen.tries == THREADS * RUNS
    chances = seen.scheduled + seen.busy + seen.no_slot + seen.no_memory + seen.refused
    assert seen.tries == chances + seen.deleted + seen.not_deleted
    assert seen.scheduled == seen.completed + seen.cancelled + seen.left
    assert (seen.stray, seen.refused) == (0, 0)
    assert seen.scheduled > 0
    # a deletion, and in an LRU an insertion, throws away one slot at the most
    thrown_away = seen.deleted + (seen.inserted if kind is MapKind.LRU_HASH else 0)
    assert seen.cancelled + seen.left <= thrown_away
    at_once = (os.cpu_count() or 1) > 1
    if deletes or slots < KEYS:
        assert seen.cancelled or not at_once
    elif kind is not MapKind.LRU_HASH:
        # an LRU may evict before it is full, as each CPU keeps free slots of its own
        assert seen.scheduled == seen.completed
        assert seen.busy or not at_once
