"""Bugs of the kernel that concern task work, and which kernels have them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Version = tuple[int, int, int]
_FIRST_WITH_TASK_WORK: Version = (6, 18, 0)
_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """What of a kernel decides."""

    version: Version | None
    """None where its release does not begin with one."""
    has_recycling_fix: bool
    is_realtime: bool
    """Built with PREEMPT_RT."""
    has_cfi: bool
    """Built with control flow integrity (CONFIG_CFI)."""


@dataclass(frozen=True, slots=True)
class KnownBug:
    """One bug."""

    what: str
    """What happens, in a person's words."""
    fixes: tuple[Version, ...]
    """The first version with the fix of each series that got it, the last of them Linus Torvalds' own."""
    concerns: Callable[[KernelFacts], bool] = lambda _: True
    """Whether the kernel is of the kind that has it."""
    since: Version = _FIRST_WITH_TASK_WORK

    @property
    def fixed_in(self) -> str:
        """The versions in words: ``6.18.52, 7.2.6, 7.3``."""
        return ", ".join(
            f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"
            for major, minor, patch in self.fixes
        )

    def is_in(self, facts: KernelFacts) -> bool:
        """Whether a kernel has it, as far as its version tells."""
        version = facts.version
        if version is None or version < self.since or not self.concerns(facts):
            return False
        of_series = [fix for fix in self.fixes if fix[:2] == version[:2]]
        return version < (of_series or self.fixes)[-1]


BUGS = (
    # 1df97a7453ee "bpf: Register dtor for freeing special fields"; where it was taken shows in BTF
    KnownBug(
        "a slot of kind hash or lru_hash that is thrown away just as it gets a callback may keep "
        "memory, or run the callback late",
        ((6, 18, 55), (7, 0, 0)),
        lambda facts: not facts.has_recycling_fix,
    ),
    # 2805abd08957 "bpf: Fix CFI mismatch in task work callback", CVE-2026-92486
    KnownBug(
        "this kernel was built with CFI, and the first callback stops it",
        ((6, 18, 52), (7, 2, 6), (7, 3, 0)),
        lambda facts: facts.has_cfi,
    ),
    # "irq_work: Fix use-after-free in irq_work_single() on PREEMPT_RT", CVE-2026-64073
    KnownBug(
        "this real-time kernel may use freed memory after the interrupt that hands a callback over",
        ((6, 18, 34), (7, 0, 11), (7, 1, 0)),
        lambda facts: facts.is_realtime,
    ),
    # 3917b1012ee2 "bpf: Fix tracing of kfuncs with implicit args"
    KnownBug(
        "a program of another tool that traces the task work kfuncs themselves hands them a wrong "
        "pointer",
        ((7, 2, 0),),
        since=(7, 0, 0),
    ),
    # 1c21452d02ee "bpf: Fix UAF due to concurrent consumption of ttrace lists in alloc_bulk"; from
    # 7.1 on (90f51ebff242) task work takes its memory from elsewhere
    KnownBug(
        "where very many callbacks are scheduled at once, one may use memory that was freed",
        ((6, 18, 55), (7, 1, 0)),
    ),
)
"""Left out are neighbours that do not reach these programs, or that nobody can tell from a version:

a3a81d247651 "bpf: Cancel special fields on map value recycle", CVE-2026-74314, of values that hold
pointers to kernel objects, which no map here does; fbd97dd1d3ce "bpf: Fix objects stuck in
free_by_rcu_ttrace", memory that comes back late, of which no release of 6.18 is known; and the RCU
lock around the look-up of a slot's context, which came with 90f51ebff242 and is needed only there.
"""


def version_of(release: str) -> Version | None:
    """The numbers that a release begins with: ``6.18.44-fc`` is (6, 18, 44); None without."""
    if not (found := _RELEASE.match(release)):
        return None
    major, minor, patch = (int(number or 0) for number in found.groups())
    return major, minor, patch


def bugs_of(facts: KernelFacts) -> list[KnownBug]:
    """Those that a kernel has."""
    return [bug for bug in BUGS if bug.is_in(facts)]
