"""Whether this process may load BPF programs and watch other processes."""

from __future__ import annotations

from pathlib import Path

from twtui.errors import PermissionDeniedError, UnsupportedError

_CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}


def held_capabilities() -> frozenset[str]:
    """Those of the capabilities that matter here which this process holds.

    Raises:
        UnsupportedError: It cannot be found out.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            bits = int(line.split()[1], 16)
            return frozenset(name for name, bit in _CAPABILITIES.items() if bits >> bit & 1)
    raise UnsupportedError("/proc/self/status shows no capabilities", "mount /proc")


def require_privileges() -> frozenset[str]:
    """The capabilities held, when they are enough.

    Raises:
        PermissionDeniedError: They are not.
    """
    held = held_capabilities()
    # CAP_BPF and CAP_PERFMON are not enough: opening BTF by its id takes CAP_SYS_ADMIN
    if "CAP_SYS_ADMIN" in held:
        return held
    raise PermissionDeniedError("this user may not load BPF programs", "run as root: sudo twtui")
