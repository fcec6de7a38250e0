"""A program that counts its runs, for any trigger, without the pipeline of twtui around it."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from twtui.kernel.bpf import libbpf
from twtui.kernel.run.triggers import Attachments, program_type
from twtui.model.trigger import parse_trigger


def _instruction(
    code: int, target: int = 0, source: int = 0, offset: int = 0, value: int = 0
) -> bytes:
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


@dataclass
class HitCounter:
    """A program that counts its runs in a map."""

    program: int
    hits: int

    @property
    def count(self) -> int:
        return int(struct.unpack("<Q", libbpf.map_lookup(self.hits, bytes(4), 8))[0])


def attach_counter(
    held: ExitStack, text: str, pids: Sequence[int] = (), all_processes: bool = False
) -> HitCounter:
    """Attach a counter to a trigger until ``held`` is closed."""
    trigger = parse_trigger(text)
    hits = libbpf.map_create(libbpf.MAP_ARRAY, "hits", 4, 8, 1)
    held.callback(os.close, hits)
    code = b"".join([
        _instruction(0x62, target=10, offset=-4),  # key 0, on the stack
        _instruction(0xBF, target=2, source=10),
        _instruction(0x07, target=2, value=-4),
        _instruction(0x18, target=1, source=1, value=hits) + _instruction(0),
        _instruction(0x85, value=1),  # bpf_map_lookup_elem
        _instruction(0x15, offset=2),
        _instruction(0xB7, target=1, value=1),
        _instruction(0xDB, target=0, source=1),  # atomic add
        _instruction(0xB7),
        _instruction(0x95),
    ])  # fmt: skip
    program = libbpf.prog_load(program_type(trigger), "count", code, 0, [])
    held.callback(os.close, program)
    attachments = Attachments()
    held.callback(attachments.close)
    attachments.attach(trigger, program, 0, pids, all_processes)
    return HitCounter(program, hits)
