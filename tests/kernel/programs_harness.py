"""Loads and fires programs of any type: what the pipeline of twtui itself does not need."""

from __future__ import annotations

import ctypes as ct
import os
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kernel_harness import wait_until

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.kernel.compiling.compiler import Compiled
from twtui.kernel.compiling.linker import link
from twtui.kernel.doctor.program_types import PROGRAM_TYPES, LoadForm, load_forms
from twtui.kernel.run.module import Module
from twtui.model.enums import MapKind, Mode

SOURCES = Path(__file__).parent / "programs"
_TEXT_BYTES = 64
_CONFIG = struct.Struct("<IIQ")
_COUNTS = struct.Struct(f"<7Q{_TEXT_BYTES}s")
_BPF_CALL = {"x86_64": 321, "aarch64": 280}
_TEST_RUN, _RAW_TRACEPOINT_OPEN, _LINK_CREATE = 10, 17, 28
_CLONE_NEWNET = 0x40000000
_libc = ct.CDLL(None, use_errno=True)


@cache
def compiled(source: str, programs: tuple[str, ...], map_kind: MapKind, *defines: str) -> Compiled:
    """A BPF source of the tests, as twtui's own compiler makes it; once a run of the tests."""
    job = CompileJob(map_kind, defines, programs, (SOURCES / source,))
    return compile_side_by_side([job])[0]


def bpf(command: int, attributes: bytes) -> int:
    """``bpf(2)``, for what libbpf's functions do not cover; raises OSError."""
    buffer = ct.create_string_buffer(attributes, max(len(attributes), 128))
    number = ct.c_long(_BPF_CALL[os.uname().machine])
    result = int(_libc.syscall(number, ct.c_int(command), buffer, ct.c_uint(len(buffer))))
    if result < 0:
        raise OSError(ct.get_errno(), f"bpf({command}): {os.strerror(ct.get_errno())}")
    return result


def link_program(program: int, target: int, attach: str, rest: bytes = b"") -> int:
    """Attach a program to a network device, a cgroup or a hook; closing the link detaches it."""
    number = kernel_btf().enumerator("bpf_attach_type", f"BPF_{attach}")
    return bpf(_LINK_CREATE, struct.pack("<IIII", program, target, number or 0, 0) + rest)


def attach_where_loaded(program: int) -> int:
    """Attach a program to what it was loaded for: a function, a security hook, a tracepoint."""
    return bpf(_RAW_TRACEPOINT_OPEN, struct.pack("<QI4x", 0, program))


def run_on_packet(program: int, packet: bytes = bytes(64)) -> int:
    """Run a program once over a packet; what it returned."""
    data = ct.create_string_buffer(packet, len(packet))
    words = (program, 0, len(packet), 0, ct.addressof(data), 0, 1, 0)
    attributes = ct.create_string_buffer(struct.pack("<IIIIQQII", *words), 128)
    number = ct.c_long(_BPF_CALL[os.uname().machine])
    if _libc.syscall(number, ct.c_int(_TEST_RUN), attributes, ct.c_uint(80)) < 0:
        raise OSError(ct.get_errno(), f"running a program: {os.strerror(ct.get_errno())}")
    return int(struct.unpack_from("<I", attributes.raw, 4)[0])


def run_tracing(program: int) -> None:
    """Let the kernel call the functions that it has for tests of tracing programs."""
    bpf(_TEST_RUN, struct.pack("<I", program) + bytes(76))


def in_network_of(pid: int, function: Callable[[], int]) -> int:
    """Call a function in the network namespace of a process, in a thread that ends with it."""

    def enter() -> int:
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(fd, _CLONE_NEWNET):
                raise OSError(ct.get_errno(), "entering a network namespace")
        finally:
            os.close(fd)
        return function()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(enter).result()


@dataclass(frozen=True)
class FireCounts:
    """What the programs of fire.c counted."""

    text: bytes
    """What the last callback read, without its NUL."""
    fired: int
    scheduled: int
    busy: int
    refused: int
    completed: int
    read: int
    elsewhere: int
    """Callbacks that ran in another task than the one that was meant."""


class Firing:
    """The programs of fire.c in the kernel, for one process or thread; closed with ``held``."""

    PROGRAMS = ("current_0", "current_1", "current_all", "aim_0", "aim_1", "aim_2")

    def __init__(self, held: ExitStack, pid: int, address: int, mode: Mode) -> None:
        self._held = held
        self._module = Module(compiled("fire.c", self.PROGRAMS, MapKind.ARRAY))
        held.callback(self._module.close)
        self._maps = {"slots": self._module.slots_fd}
        for name, size in (("config", _CONFIG.size), ("counters", _COUNTS.size)):
            fd = libbpf.map_create(libbpf.MAP_ARRAY, f"fire_{name}", 4, size, 1)
            held.callback(os.close, fd)
            self._maps[name] = fd
        config = _CONFIG.pack(pid, mode.number, address)
        libbpf.map_update(self._maps["config"], bytes(4), config)

    def load(self, program: str, form: LoadForm, flags: int = 0) -> int:
        """A program as one type; given back with everything else."""
        section = self._module.sections[program]
        code = link(section.code, list(section.starts), find_kfuncs(kernel_btf()).ids, self._maps)
        functions = list(zip(section.starts, section.function_ids, strict=True))
        fd = libbpf.prog_load(
            form.number, program, code, self._module.btf_fd, functions, flags, form.attach
        )
        self._held.callback(os.close, fd)
        return fd

    def hold(self, link_fd: int) -> None:
        """Close a link with everything else, before the programs."""
        self._held.callback(os.close, link_fd)

    @property
    def counts(self) -> FireCounts:
        """What was counted up to now."""
        *numbers, text = _COUNTS.unpack(
            libbpf.map_lookup(self._maps["counters"], bytes(4), _COUNTS.size)
        )
        return FireCounts(text.partition(b"\0")[0], *numbers)

    def settled(self, firings: int) -> FireCounts:
        """The counts once it has fired that often, and each callback has run."""

        def quiet() -> bool:
            counts = self.counts
            return counts.fired >= firings and counts.completed >= counts.scheduled > 0

        try:
            wait_until(quiet)
        except AssertionError:
            raise AssertionError(f"it did not settle: {self.counts}") from None
        return self.counts


def form_of(name: str, attach: str = "") -> LoadForm:
    """How the running kernel loads a type; another attach type than its usual one if given."""
    (one,) = (known for known in PROGRAM_TYPES if known.name == name)
    form = next(iter(load_forms(kernel_btf(), one)))
    if not attach:
        return form
    number = kernel_btf().enumerator("bpf_attach_type", f"BPF_{attach}")
    assert number is not None, f"this kernel has no {attach}"
    return LoadForm(form.number, (number, form.attach[1]), form.hook)


def forms_of(name: str) -> Sequence[LoadForm]:
    """Every way in which the running kernel may load a type."""
    (one,) = (known for known in PROGRAM_TYPES if known.name == name)
    return list(load_forms(kernel_btf(), one))
