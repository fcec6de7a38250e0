"""Tries, for every program type and each kfunc, whether the running kernel lets it schedule task work."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twtui.errors import UnsupportedError
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import SCHEDULE, KernelBtf, find_kfuncs, kernel_btf
from twtui.kernel.doctor.program_types import PROGRAM_TYPES, LoadForm, ProgramType, load_forms
from twtui.kernel.doctor.smallest_programs import (
    SmallProgram,
    WorkMap,
    finds_task_and_work,
    schedules,
)
from twtui.kernel.privileges import held_capabilities
from twtui.kernel.run.program import last_words

ACCEPTED, REJECTED, UNAVAILABLE, UNKNOWN = "accepted", "rejected", "unavailable", "unknown"
_MOST_WORDS = 200
"""Characters of what the verifier says."""
_SECURITY_MODULES = Path("/sys/kernel/security/lsm")
_NOT_PERMITTED = "this user may not load BPF programs"


@dataclass(frozen=True, slots=True)
class Trial:
    """One program type with one kfunc."""

    type: str
    kfunc: str
    answer: str
    """``accepted``, ``rejected`` by the verifier, ``unavailable`` in this kernel, or ``unknown``."""
    detail: str


def run_trials() -> list[dict[str, Any]]:
    """Every program type with each kfunc, in the order of ``PROGRAM_TYPES``."""
    try:
        btf = kernel_btf()
        kfuncs = find_kfuncs(btf)
        work_map = WorkMap()
    except UnsupportedError as error:
        return _all_alike(UNAVAILABLE, error.message)
    except PermissionError:
        return _all_alike(UNKNOWN, _NOT_PERMITTED)
    except OSError as error:
        return _all_alike(UNAVAILABLE, f"no map can hold task work: {error.strerror}")
    programs = {
        name: schedules(work_map, kfuncs.ids[number]) for number, name in enumerate(SCHEDULE, 1)
    }
    try:
        trials = [trial for one in PROGRAM_TYPES for trial in _try(btf, one, work_map, programs)]
    finally:
        work_map.close()
    return [asdict(trial) for trial in trials]


def _all_alike(answer: str, detail: str) -> list[dict[str, Any]]:
    return [
        asdict(Trial(one.name, kfunc, answer, detail))
        for one in PROGRAM_TYPES
        for kfunc in SCHEDULE
    ]


def _try(
    btf: KernelBtf, one: ProgramType, work_map: WorkMap, programs: dict[str, SmallProgram]
) -> list[Trial]:
    """One type with every kfunc, in the first form in which a program gets as far as the kfunc."""
    answer, detail = UNAVAILABLE, "this kernel has no such type, or nothing that it attaches to"
    passed_over = ""
    for form in load_forms(btf, one):
        refusal = _refusal(one, form, finds_task_and_work(work_map), work_map)
        if refusal is None:
            where = f"at {form.hook}{_idle(one)}{passed_over}" if form.hook else ""
            return [
                _trial(one, form, kfunc, program, work_map, where)
                for kfunc, program in programs.items()
            ]
        answer, detail = _without_kfunc(refusal)
        passed_over += f"; not at {form.hook}: {detail}"
    return [Trial(one.name, kfunc, answer, detail) for kfunc in programs]


def _idle(one: ProgramType, modules: Path = _SECURITY_MODULES) -> str:
    """Why a program that is taken and attached is never run."""
    if one.name != "LSM":
        return ""
    try:
        active = modules.read_text().strip().split(",")
    except OSError:
        return ""  # securityfs is not mounted
    return "" if "bpf" in active else "; it never runs: boot with bpf among lsm="


def _without_kfunc(refusal: libbpf.VerifierError) -> tuple[str, str]:
    """What it means that a type takes not even a program that only looks up task and work."""
    if refusal.log.strip():
        return REJECTED, _last_words(refusal.log)
    if refusal.errno == errno.EPERM and "CAP_SYS_ADMIN" not in held_capabilities():
        return UNKNOWN, _NOT_PERMITTED
    if refusal.errno == errno.EPERM:
        return UNAVAILABLE, "this kernel permits it to nobody (lockdown or a security policy)"
    if refusal.errno == errno.EINVAL:
        return UNAVAILABLE, "this kernel was built without it"
    return UNAVAILABLE, os.strerror(refusal.errno or 0)


def _trial(
    one: ProgramType,
    form: LoadForm,
    kfunc: str,
    program: SmallProgram,
    work_map: WorkMap,
    where: str,
) -> Trial:
    refusal = _refusal(one, form, program, work_map)
    if refusal is None:
        return Trial(one.name, kfunc, ACCEPTED, where)
    if refusal.log.strip():
        return Trial(one.name, kfunc, REJECTED, _last_words(refusal.log))
    # not the verifier's: such as too little memory just then
    return Trial(one.name, kfunc, UNKNOWN, os.strerror(refusal.errno or 0))


def _last_words(log: str) -> str:
    return last_words(log)[:_MOST_WORDS]


def _refusal(
    one: ProgramType, form: LoadForm, program: SmallProgram, work_map: WorkMap
) -> libbpf.VerifierError | None:
    """Why the kernel does not load a program; None when it does."""
    try:
        fd = libbpf.prog_load(
            form.number, "tw_small", program.code, work_map.btf_fd, program.functions,
            one.flags, form.attach,
        )  # fmt: skip
    except libbpf.VerifierError as error:
        return error
    os.close(fd)
    return None
