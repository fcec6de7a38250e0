"""Which capabilities this process holds, what each is for, and whether they are enough."""

from __future__ import annotations

import os
from pathlib import Path

from twtui.errors import PermissionDeniedError, UnsupportedError

_NUMBERS = {
    "CAP_DAC_OVERRIDE": 1,
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYSLOG": 34,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
    "CAP_CHECKPOINT_RESTORE": 40,
}
"""include/uapi/linux/capability.h"""
_IMPLIED = {
    "CAP_SYS_ADMIN": ("CAP_BPF", "CAP_PERFMON", "CAP_CHECKPOINT_RESTORE"),
    "CAP_DAC_OVERRIDE": ("CAP_DAC_READ_SEARCH",),
}
"""What the kernel takes the first for as well: bpf_capable(), perfmon_capable() and so on."""
NEEDED = {
    "CAP_BPF": "load BPF programs",
    "CAP_PERFMON": "let BPF programs read memory and attach them to events",
}
"""The least set, and what a process without one of them may not do."""
HELPFUL = {
    "CAP_DAC_READ_SEARCH": "system calls and tracepoints (tracefs is root's)",
    "CAP_SYS_PTRACE": "other users' symbols, and with CAP_DAC_READ_SEARCH their Python frames",
    "CAP_SYSLOG": "names of the kernel's functions in stacks (BCC asks for root, too)",
    "CAP_CHECKPOINT_RESTORE": "symbols in files that were deleted or replaced",
    "CAP_SYS_ADMIN": "functions (Linux asks for it since 6.11)",
}
"""What each buys beyond that."""
_FIX = "run it with sudo, or with these capabilities: {}"


def held_capabilities(status: Path = Path("/proc/self/status")) -> frozenset[str]:
    """Those of the capabilities that matter here which this process holds, implied ones too.

    Raises:
        UnsupportedError: It cannot be found out.
    """
    for line in status.read_text().splitlines():
        if line.startswith("CapEff:"):
            bits = int(line.split()[1], 16)
            held = {name for name, bit in _NUMBERS.items() if bits >> bit & 1}
            for strong, weaker in _IMPLIED.items():
                held.update(weaker if strong in held else ())
            return frozenset(held)
    raise UnsupportedError("/proc/self/status shows no capabilities", "mount /proc")


def may_load_programs() -> bool:
    """The capabilities held are enough for a run."""
    return held_capabilities().issuperset(NEEDED)


def require_privileges() -> frozenset[str]:
    """The capabilities held, when they are enough.

    Raises:
        PermissionDeniedError: They are not; names those that are missing.
    """
    held = held_capabilities()
    missing = [name for name in NEEDED if name not in held]
    if not missing:
        return held
    forbidden = " and ".join(NEEDED[name] for name in missing)
    raise PermissionDeniedError(
        f"this process may not {forbidden}: it has no {' and no '.join(missing)}",
        _FIX.format(", ".join(NEEDED)),
    )


def names_kernel_functions() -> bool:
    """BCC reads /proc/kallsyms as root alone, and the kernel shows addresses with CAP_SYSLOG alone."""
    return os.geteuid() == 0 and "CAP_SYSLOG" in held_capabilities()


def describe_privileges() -> str:
    """What is held, and what is out of reach without the rest; in one line.

    Raises:
        PermissionDeniedError: As ``require_privileges``.
    """
    held = require_privileges()
    parts = [", ".join(name for name in (*NEEDED, *HELPFUL) if name in held)]
    parts += [f"no {name}: not {buys}" for name, buys in HELPFUL.items() if name not in held]
    return "; ".join(parts)
