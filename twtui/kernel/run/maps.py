"""The maps that every program shares, made through libbpf, with typed reads and writes."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import IntFlag
from types import MappingProxyType

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.map_memory import map_memory
from twtui.kernel.processes.targets import TICK_NS
from twtui.kernel.run.module import Module
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.event import errno_name
from twtui.model.histogram import BUCKETS, Histogram
from twtui.model.ledger import Counters
from twtui.wire.layout import (
    CAPTURE,
    CONFIG,
    COUNTER_FIELDS,
    ERRNOS,
    PYTHON_OFFSETS,
    PYTHONS,
    ROWS,
    TARGET,
)

MAX_TARGETS = 16_384
CAPTURES = 256
_COUNTERS_BYTES = 8 * (len(COUNTER_FIELDS) + ERRNOS)
_HISTOGRAM_BYTES = 8 * BUCKETS
_U32 = struct.Struct("<I")


class TargetFlag(IntFlag):
    """What holds for one target (``enum tw_target_flags``)."""

    NONE = 0
    FOLLOW = 1
    ONLY_THREADS = 2


class SharedMaps:
    """Targets, config, captures, counters, latency, ring buffer and scratch memory.

    Closing it closes the last user's file descriptors, which cancels whatever is still pending.
    """

    def __init__(self, module: Module, buffer_bytes: int, event_bytes: int, slots: int) -> None:
        self.fds: dict[str, int] = {}
        self._config: mmap.mmap | None = None
        self._cpus = libbpf.possible_cpus()
        slot_bytes = libbpf.map_info(module.slots_fd).value_size
        try:
            self._add("targets", libbpf.MAP_HASH, 4, TARGET.size, MAX_TARGETS)
            page = os.sysconf("SC_PAGE_SIZE")
            self._add("config", libbpf.MAP_ARRAY, 4, CONFIG.size, 1, libbpf.F_MMAPABLE)
            self._add("captures", libbpf.MAP_ARRAY, 4, CAPTURE.size, CAPTURES)
            self._add("counters", libbpf.MAP_PERCPU_ARRAY, 4, _COUNTERS_BYTES, len(ROWS))
            self._add("latency", libbpf.MAP_PERCPU_ARRAY, 4, _HISTOGRAM_BYTES, len(ROWS))
            self._add("events", libbpf.MAP_RINGBUF, 0, 0, buffer_bytes)
            self._add("scratch", libbpf.MAP_PERCPU_ARRAY, 4, event_bytes, 1)
            self._add("cursors", libbpf.MAP_PERCPU_ARRAY, 4, 8, 1)
            self._add("zeros", libbpf.MAP_ARRAY, 4, slot_bytes, 1)
            # flights outnumber slots, as evicted ones stay until they are counted
            flight_entries = max(1 << 14, 4 * slots)
            self._add("flights", libbpf.MAP_HASH, 8, 40, flight_entries)
            self._add("threads", libbpf.MAP_HASH, 4, 8, MAX_TARGETS)
            self._add("python_offsets", libbpf.MAP_ARRAY, 4, PYTHON_OFFSETS.size, PYTHONS)
            self._add_storage(module, "buffers", "tw_buffer", event_bytes + 8)
            self._add_storage(module, "entries", "tw_entries", 8 + 8 * 64)
            self._add_storage(module, "calls", "tw_calls", 48 * len(MapKind))
            self._config = map_memory(self.fds["config"], page)
        except OSError:
            self.close()
            raise

    def _add(
        self, name: str, kind: int, key_bytes: int, value_bytes: int, entries: int,
        flags: int = 0, btf: tuple[int, int, int] = (0, 0, 0),
    ) -> None:  # fmt: skip
        self.fds[name] = libbpf.map_create(
            kind, f"tw_{name}", key_bytes, value_bytes, entries, flags, btf
        )

    def _add_storage(self, module: Module, name: str, type_name: str, value_bytes: int) -> None:
        btf = (module.btf_fd, module.btf_ids["int"], module.btf_ids[type_name])
        flags = libbpf.F_NO_PREALLOC
        self._add(name, libbpf.MAP_TASK_STORAGE, 4, value_bytes, 0, flags, btf)

    def close(self) -> None:
        """Close every file descriptor. Idempotent."""
        if self._config:
            # it holds the map, and a file descriptor of its own
            self._config.close()
        while self.fds:
            os.close(self.fds.popitem()[1])

    def configure(
        self, mode: Mode, defer: Defer, first_capture: int, map_kinds: tuple[MapKind, ...]
    ) -> None:
        """What every trigger from now on does; the programs read it at each firing."""
        kinds = sum(1 << kind.number for kind in map_kinds)
        assert self._config is not None
        values = CONFIG.pack(mode.number, defer.number, first_capture, kinds)
        for at in range(0, CONFIG.size, 4):
            # word by word: each is independent, and a trigger must never see half of one
            self._config[at : at + 4] = values[at : at + 4]

    def set_capture(self, index: int, packed: bytes) -> None:
        """Store one capture program."""
        libbpf.map_update(self.fds["captures"], _U32.pack(index), packed)

    def set_python_offsets(self, index: int, packed: bytes) -> None:
        """Store the offsets of one version of CPython; 0 stands for none and stays empty."""
        libbpf.map_update(self.fds["python_offsets"], _U32.pack(index), packed)

    def set_target(
        self, pid: int, start_ticks: int, flags: TargetFlag,
        symbols: Sequence[int] = (), python: int = 0,
    ) -> None:  # fmt: skip
        """Let triggers of a process through.

        Args:
            pid: The process.
            start_ticks: When it started, as in /proc/PID/stat: another with its PID is not it.
            flags: Whether its children and which of its threads count.
            symbols: Addresses of the plan's symbols in it.
            python: The index of its Python's offsets; 0 when that is not asked for or not known.
        """
        addresses = (*symbols, 0, 0, 0, 0)[:4]
        value = TARGET.pack(flags, python, start_ticks * TICK_NS, *addresses)
        libbpf.map_update(self.fds["targets"], _U32.pack(pid), value)

    def add_thread(self, tid: int, start_ticks: int) -> None:
        """One of the threads that count, where only some do."""
        started_ns = (start_ticks * TICK_NS).to_bytes(8, "little")
        libbpf.map_update(self.fds["threads"], _U32.pack(tid), started_ns)

    def target_pids(self) -> list[int]:
        """Every process whose triggers are let through, children that the kernel added too."""
        keys = libbpf.map_keys(self.fds["targets"], 4)
        return [_U32.unpack(key)[0] for key in keys]

    def target_start_ticks(self, pid: int) -> int:
        """When the process with this PID started whose triggers are let through; 0: none has it."""
        try:
            value = libbpf.map_lookup(self.fds["targets"], _U32.pack(pid), TARGET.size)
        except FileNotFoundError:
            return 0
        started_ns: int = TARGET.unpack(value)[2]
        return started_ns // TICK_NS

    def remove_target(self, pid: int, start_ticks: int) -> None:
        """Stop letting triggers of a process through. Idempotent.

        A child that has got its PID since, and was added by the kernel, stays.
        """
        if self.target_start_ticks(pid) == start_ticks:
            with suppress(FileNotFoundError):
                libbpf.map_delete(self.fds["targets"], _U32.pack(pid))

    def _per_cpu_sums(self, name: str, row: int, words: int) -> list[int]:
        raw = libbpf.map_lookup(self.fds[name], _U32.pack(row), words * 8 * self._cpus)
        values = struct.unpack(f"<{words * self._cpus}Q", raw)
        one_cpu = (values[at : at + words] for at in range(0, len(values), words))
        return list(map(sum, zip(*one_cpu, strict=True)))

    def counters(self, row: int) -> Counters:
        """The counters of one row, summed over CPUs; ``pending`` and ``missed`` are not in maps."""
        words = self._per_cpu_sums("counters", row, len(COUNTER_FIELDS) + ERRNOS)
        named = dict(zip(COUNTER_FIELDS, words, strict=False))
        # each call is put off before it is taken up, but the CPUs are not read at one moment
        in_call = max(named.pop("put_off") - named.pop("taken_up"), 0)
        errors: Mapping[str, int] = {
            errno_name(number): count
            for number, count in enumerate(words[len(COUNTER_FIELDS) :])
            if count
        }
        return Counters(**named, in_call=in_call, errors=MappingProxyType(dict(errors)))

    def latency(self, row: int) -> Histogram:
        """The delays of one row, summed over CPUs."""
        words = self._per_cpu_sums("latency", row, BUCKETS)
        return Histogram({bucket: count for bucket, count in enumerate(words) if count})
