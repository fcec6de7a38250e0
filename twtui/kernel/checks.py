"""The doctor's questions: what works on this machine, and what to do where it does not."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twtui.errors import PermissionDeniedError, TwtuiError
from twtui.kernel.btf import find_kfuncs, kernel_btf
from twtui.kernel.capture_program import registers
from twtui.kernel.compiler import import_bcc
from twtui.kernel.maps import SharedMaps
from twtui.kernel.privileges import describe_privileges, require_privileges
from twtui.kernel.program import SWEEP, TRIGGER, Programs, Sizes, compile_modules
from twtui.kernel.tracefs import explain_tracefs, mounted_tracefs
from twtui.model.enums import MapKind

_PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer."""

    name: str
    answer: str
    """``yes``, ``no``, or ``unknown`` when it could not be found out."""
    detail: str
    fix: str = ""
    required: bool = True
    """The monitor does not work without it."""
    exit_code: int = 0
    """What a ``no`` means for a run: 4 not supported, 5 not permitted."""


def _passed(name: str, detail: str, required: bool = True) -> Check:
    return Check(name, "yes", detail, required=required)


def _failed(name: str, error: TwtuiError, required: bool = True) -> Check:
    return Check(name, "no", error.message, error.hint, required, type(error).exit_code)


def _machine() -> Check:
    registers()
    return _passed("architecture", platform.machine())


def _kernel() -> Check:
    """Information only: whether task work is there is the kfuncs' business, not the release's."""
    return _passed("kernel", os.uname().release, required=False)


def _btf() -> Check:
    kernel_btf()
    return _passed("BTF", "the kernel describes its types")


def _kfuncs() -> Check:
    kfuncs = find_kfuncs(kernel_btf())
    parameters = {"plain": "4 parameters", "_impl": "_impl names, 5 parameters"}
    return _passed("task work kfuncs", parameters[kfuncs.variant])


def _bcc() -> Check:
    bcc = import_bcc()
    return _passed("BCC", f"version {getattr(bcc, '__version__', 'unknown')}")


def _privileges() -> Check:
    return _passed("privileges", describe_privileges())


def _paranoid() -> Check:
    name = "perf_event_paranoid"
    level = int(_PARANOID.read_text())
    if level <= 2 or os.geteuid() == 0:
        return _passed(name, str(level), required=False)
    raise PermissionDeniedError(
        f"{level}: samples may be refused even with CAP_PERFMON",
        "sysctl kernel.perf_event_paranoid=2",
    )


def _tracefs() -> Check:
    if place := mounted_tracefs():
        return _passed("tracefs", str(place), required=False)
    raise explain_tracefs()


def _load() -> Check:
    """The proof: compile, link and load the programs, without attaching them."""
    require_privileges()
    btf = kernel_btf()
    kfuncs = find_kfuncs(btf)
    sizes = Sizes(slots=64, data_bytes=64)
    module = compile_modules(btf, (MapKind.HASH,), sizes)[MapKind.HASH]
    try:
        maps = SharedMaps(module, 1 << 16, sizes.event_bytes, sizes.slots)
    except OSError as error:
        module.close()
        raise PermissionDeniedError(f"maps: {error.strerror}", "run it with sudo") from None
    programs = Programs(module, kfuncs, maps.fds)
    try:
        programs.load(TRIGGER, 7)
        programs.load(SWEEP, 31)
    finally:
        programs.close()
        maps.close()
    return _passed("programs", "compile, link and load")


_QUESTIONS: tuple[tuple[str, bool, Callable[[], Check]], ...] = (
    ("kernel", False, _kernel),
    ("architecture", True, _machine),
    ("BTF", True, _btf),
    ("task work kfuncs", True, _kfuncs),
    ("BCC", True, _bcc),
    ("privileges", True, _privileges),
    ("perf_event_paranoid", False, _paranoid),
    ("tracefs", False, _tracefs),
    ("programs", True, _load),
)


def run_checks() -> list[dict[str, Any]]:
    """Every check, in the order in which to fix things."""
    found = []
    for name, required, question in _QUESTIONS:
        try:
            check = question()
        except TwtuiError as error:
            check = _failed(name, error, required)
        except (OSError, ValueError) as error:
            check = Check(name, "unknown", str(error), "", required)
        found.append(asdict(check))
    return found
