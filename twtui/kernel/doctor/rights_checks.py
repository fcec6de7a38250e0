"""The doctor's questions about rights: what this process may do, and what nobody may."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

from twtui.errors import UnsupportedError
from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.doctor.check import Answer, no, unknown, yes
from twtui.kernel.privileges import describe_privileges

_SECURITY = Path("/sys/kernel/security")
_CONFIDENTIALITY = "confidentiality"
_OF_5_11 = "BPF_FUNC_ktime_get_coarse_ns"
"""The helper that came with the version from which on maps count as memory of their cgroup."""


def privileges() -> Answer:
    """Whether the capabilities are enough."""
    return yes(describe_privileges())


def lockdown(place: Path = _SECURITY) -> Answer:
    """Whether the kernel keeps its memory from everybody (security/lockdown/lockdown.c)."""
    try:
        states = (place / "lockdown").read_text()
    except FileNotFoundError:
        if os.path.ismount(place):
            return yes("this kernel cannot be locked down")
        return unknown(f"{place} is not mounted", f"mount -t securityfs securityfs {place}")
    found = re.search(r"\[(\w+)\]", states)
    if not found:
        return unknown(f"{place}/lockdown says {states.strip()!r}")
    if found[1] == _CONFIDENTIALITY:
        return no(
            f"{_CONFIDENTIALITY}: programs may not read memory",
            "boot without lockdown=confidentiality; lockdown=integrity is no obstacle",
        )
    return yes(f"{found[1]}: programs may read memory")


def memlock() -> Answer:
    """Whether maps count against the limit of locked memory, as they did before Linux 5.11."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft == resource.RLIM_INFINITY:
        return yes("no limit")
    try:
        by_cgroup = _OF_5_11 in kernel_btf().enumerators("bpf_func_id")
    except UnsupportedError as error:
        return unknown(error.message, error.hint)
    return memlock_of(soft, by_cgroup)


def memlock_of(limit_bytes: int, by_cgroup: bool) -> Answer:
    """What a limit means.

    Args:
        limit_bytes: Of locked memory.
        by_cgroup: Maps count as memory of their cgroup, and not as locked memory.
    """
    limit = f"{limit_bytes >> 10:,} KiB"
    if by_cgroup:
        return yes(f"{limit}, not for maps: those count as memory of the cgroup")
    return no(f"{limit}, and maps count against it", "ulimit -l unlimited")
