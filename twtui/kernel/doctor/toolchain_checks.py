"""The doctor's questions about the compiler, up to a program that the verifier has taken."""

from __future__ import annotations

import re
import time

from twtui.errors import UnsupportedError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import Kfuncs, find_kfuncs, kernel_btf
from twtui.kernel.bpf.library import MissingLibraryError
from twtui.kernel.bpf.toolchain import mapped_libraries
from twtui.kernel.compiling.compile_jobs import compile_side_by_side
from twtui.kernel.compiling.compiler import Compiled, import_bcc
from twtui.kernel.doctor.check import Answer, unknown, yes
from twtui.kernel.privileges import may_load_programs
from twtui.kernel.refusal import refusal
from twtui.kernel.run.maps import SharedMaps
from twtui.kernel.run.module import Module
from twtui.kernel.run.program import SWEEP, TRIGGER, Programs, Sizes, jobs_of
from twtui.model.enums import MapKind

_LLVM = re.compile(r"/libLLVM[-.](?:so\.)?(\d+(?:\.\d+)*)[^/]*$")
"""``libLLVM-14.so.1`` and ``libLLVM.so.19.1``."""
_SIZES = Sizes(slots=64, data_bytes=64)
_RING_BYTES = 1 << 16
_PROGRAM_TYPES = {TRIGGER: libbpf.PROG_PERF_EVENT, SWEEP: libbpf.PROG_SYSCALL}


class Toolchain:
    """Asked in this order: each step goes on with what the one before it has made."""

    def __init__(self) -> None:
        self._has_bcc = False
        self._kfuncs: Kfuncs | None = None
        self._compiled: Compiled | None = None

    def bcc(self) -> Answer:
        """Whether BCC can be imported, which it is, and whether it has brought libbpf along."""
        bcc = import_bcc()
        try:
            libbpf.possible_cpus()
        except MissingLibraryError as error:
            raise UnsupportedError(error.message, error.hint) from None
        self._has_bcc = True
        return yes(f"version {getattr(bcc, '__version__', 'unknown')}")

    def llvm(self) -> Answer:
        """Which LLVM came with BCC."""
        if not self._has_bcc:
            return unknown("not asked without BCC")
        return llvm_among([path for path, *_ in mapped_libraries()])

    def compile(self) -> Answer:
        """Compile the programs of one map kind."""
        if not self._has_bcc:
            return unknown("not tried without BCC")
        if not may_load_programs():
            return unknown(
                "not tried without the privileges: BCC makes maps while it compiles",
                "run twtui doctor with sudo",
            )
        try:
            self._kfuncs = find_kfuncs(kernel_btf())
        except UnsupportedError:
            return unknown("not tried without the kfuncs")
        started_s = time.monotonic()
        jobs = jobs_of(kernel_btf(), (MapKind.HASH,), _SIZES)
        (self._compiled,) = compile_side_by_side(jobs)
        return yes(f"the programs of one map kind, in {time.monotonic() - started_s:.1f} s")

    def load(self) -> Answer:
        """Link and load what was compiled, without attaching it."""
        if self._compiled is None or self._kfuncs is None:
            return unknown("not tried, as nothing was compiled")
        try:
            module = Module(self._compiled)
        except OSError as error:
            raise refusal(error) from None
        try:
            maps = SharedMaps(module, _RING_BYTES, _SIZES.event_bytes, _SIZES.slots)
        except OSError as error:
            module.close()
            raise refusal(error) from None
        programs = Programs(module, self._kfuncs, maps.fds)
        try:
            for program, kind in _PROGRAM_TYPES.items():
                programs.load(program, kind)
        finally:
            programs.close()
            maps.close()
        return yes("linked and loaded")


def llvm_among(libraries: list[str]) -> Answer:
    """Which LLVM is among the files of shared libraries."""
    for path in libraries:
        if found := _LLVM.search(path):
            return yes(f"version {found[1]}")
    return unknown("no libLLVM is loaded; BCC may have one built in")
