"""The rights of this process: whether it has more than whoever called it, and giving them up for good."""

from __future__ import annotations

import os

from twtui.errors import PermissionDeniedError
from twtui.invoker import Invoker, invoker

_OURS = "/proc/self/status"
_CAP_SYS_ADMIN, _CAP_PERFMON, _CAP_BPF = 1 << 21, 1 << 38, 1 << 39
_CAPABILITY_VERSION_3 = 0x20080522
"""include/uapi/linux/capability.h"""
_PR_SET_NAME, _PR_CAP_AMBIENT, _CLEAR_ALL = 15, 47, 4
"""include/uapi/linux/prctl.h"""
_OF_ROOT = (
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
)


def capabilities(status: str | os.PathLike[str] = _OURS, which: str = "CapEff") -> int:
    """The bits of one set of capabilities; 0 where it cannot be read."""
    try:
        with open(status) as lines:  # noqa: PTH123 - every start comes by here, and pathlib takes 5 ms
            for line in lines:
                if line.startswith(f"{which}:"):
                    return int(line.split()[1], 16)
    except (OSError, ValueError, IndexError):
        pass
    return 0


def may_load_programs(status: str | os.PathLike[str] = _OURS) -> bool:
    """A kernel process of our own would have the rights that it needs."""
    held = capabilities(status)
    return bool(held & _CAP_SYS_ADMIN or (held & _CAP_BPF and held & _CAP_PERFMON))


def has_more_than_caller() -> bool:
    """We are root through sudo, or hold capabilities without being root."""
    return invoker().by_sudo or (os.geteuid() != 0 and capabilities(which="CapPrm") != 0)


def give_up() -> None:
    """Become whoever called, without capabilities, and for good. Only while there is one thread.

    Raises:
        PermissionDeniedError: It did not work; nothing may go on then.
    """
    who = invoker()
    if who.by_sudo:
        _become(who)
    _drop_capabilities()
    if capabilities(which="CapPrm") or 0 in os.getresuid():
        raise PermissionDeniedError("rights could not be given up", "run it without sudo")


def rename(name: bytes) -> None:
    """Take a name of at most 15 bytes: /proc/self/comm is closed to one that has been root."""
    import ctypes as ct

    ct.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)


def _become(who: Invoker) -> None:
    groups = os.getgrouplist(who.name, who.gid) if who.name else [who.gid]
    os.setgroups(groups)
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)
    os.environ.update(HOME=who.home, USER=who.name, LOGNAME=who.name)
    for name in _OF_ROOT:
        os.environ.pop(name, None)


def _drop_capabilities() -> None:
    """Every set of this thread; ambient ones would come back at the next exec."""
    import ctypes as ct

    libc = ct.CDLL(None, use_errno=True)
    libc.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header = (ct.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted and inheritable, twice 32 bits
    libc.capset(header, (ct.c_uint32 * 6)())
