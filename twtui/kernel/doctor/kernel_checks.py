"""The doctor's questions about the kernel itself: its types, its functions, its known bugs."""

from __future__ import annotations

import os
import platform

from twtui.errors import UnsupportedError
from twtui.kernel.bpf.btf import KernelBtf, find_kfuncs, kernel_btf
from twtui.kernel.bpf.placeholders import HELPERS
from twtui.kernel.doctor.check import Answer, no, unknown, yes
from twtui.kernel.doctor.known_bugs import KernelFacts, bugs_of, version_of
from twtui.kernel.run.capture_program import registers

_OF_CFI = "report_cfi_failure"
"""A function that only a kernel with control flow integrity has (kernel/cfi.c)."""
_RECYCLING_FIX = "htab_mem_dtor"
"""The function that commit 1df97a7453ee brought, to Linux 7.0 and to what took it from there."""
_VARIANTS = {"plain": "4 parameters", "_impl": "_impl names, 5 parameters"}


def release() -> Answer:
    """Information only: whether task work is there is the kfuncs' business, not the release's."""
    return yes(os.uname().release)


def architecture() -> Answer:
    """Whether its registers are known."""
    registers()
    return yes(platform.machine())


def types() -> Answer:
    """Whether the kernel describes its types."""
    kernel_btf()
    return yes("the kernel describes its types")


def kfuncs() -> Answer:
    """Whether the kfuncs are there, and in which variant."""
    return yes(_VARIANTS[find_kfuncs(kernel_btf()).variant])


def helpers(btf: KernelBtf | None = None) -> Answer:
    """Whether the kernel knows every helper that the programs call, under the number that they use.

    Args:
        btf: Another kernel's; None: the running one's.
    """
    known = (btf or kernel_btf()).enumerators("bpf_func_id")
    if not known:
        return unknown("the kernel's BTF has no list of helpers")
    missing = [name for number, name in HELPERS.items() if known.get(f"BPF_FUNC_{name}") != number]
    if missing:
        raise UnsupportedError(
            f"this kernel has no helper bpf_{', bpf_'.join(missing)}",
            "Linux 6.18 or later is needed",
        )
    return yes(f"all {len(HELPERS)} that are called")


def bugs(facts: KernelFacts | None = None) -> Answer:
    """Whether a known bug of task work is in the kernel.

    Args:
        facts: Of another kernel; None: the running one's.
    """
    try:
        about = facts or kernel_facts()
    except UnsupportedError as error:
        return unknown(error.message, error.hint)
    if about.version is None:
        return unknown(f"{os.uname().release} does not say which version it is")
    if found := bugs_of(about):
        return no(
            "; ".join(f"{bug.what} (fixed in Linux {bug.fixed_in})" for bug in found),
            "update the kernel; a distribution's own may have a fix that its version does not show",
        )
    return yes("none in this version")


def kernel_facts() -> KernelFacts:
    """What tells which bugs the running kernel can have.

    Raises:
        UnsupportedError: The kernel has no BTF.
    """
    about, btf = os.uname(), kernel_btf()
    return KernelFacts(
        version_of(about.release),
        has_recycling_fix=bool(btf.function_id(_RECYCLING_FIX)),
        is_realtime="PREEMPT_RT" in about.version,
        has_cfi=bool(btf.function_id(_OF_CFI)),
    )
