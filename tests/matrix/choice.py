"""Which kernels and which BCCs the matrix puts together: plain data, chosen without touching anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SUITES = ("bookworm", "trixie", "forky", "sid")
"""Debian's releases, by age; each brings a BCC, an LLVM and a Python of its own."""
RUNNING = "running"
"""The kernel that this machine runs."""
FIRST_WITH_TASK_WORK = (6, 18)
OLD_SERIES = ((6, 1), (6, 12))
"""Kernels that must refuse: those of Debian 12 and 13."""

_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a kernel and the Debian release whose BCC runs on it."""

    kernel: str
    """A release, or ``running``."""
    suite: str
    is_thorough: bool = False
    """With the tests that are costly under emulation."""

    @property
    def is_running(self) -> bool:
        """It needs no guest."""
        return self.kernel == RUNNING

    @property
    def works(self) -> bool:
        """Whether twtui has to work there; on an older kernel it has to refuse."""
        return self.is_running or series_of(self.kernel) >= FIRST_WITH_TASK_WORK

    @property
    def name(self) -> str:
        """What its log is called."""
        return f"{self.kernel}.{self.suite}"


def version_of(release: str) -> tuple[int, int, int]:
    """The numbers of a release such as ``6.18.15+deb13-cloud-amd64``.

    Raises:
        ValueError: It does not begin with a version.
    """
    found = _RELEASE.match(release)
    if not found:
        raise ValueError(f"{release!r} is no kernel release")
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def series_of(release: str) -> tuple[int, int]:
    """What a release belongs to: ``(6, 18)``."""
    return version_of(release)[:2]


def newest_of_each_series(offered: Iterable[str]) -> dict[tuple[int, int], str]:
    """The newest release of each series, by age."""
    return {series_of(release): release for release in sorted(offered, key=_age)}


def _age(release: str) -> tuple[tuple[int, int, int], str]:
    return version_of(release), release


def default_kernels(offered: Iterable[str]) -> list[str]:
    """The newest of the old series and of every series with task work, by age."""
    return [
        release
        for series, release in newest_of_each_series(offered).items()
        if series in OLD_SERIES or series >= FIRST_WITH_TASK_WORK
    ]


def named_kernels(offered: Sequence[str], names: Iterable[str]) -> list[str]:
    """The kernels that were asked for: whole releases, series, or ``running``.

    Raises:
        ValueError: The mirror offers none of that name.
    """
    newest = newest_of_each_series(offered)
    chosen = []
    for name in names:
        if name == RUNNING or name in offered:
            chosen.append(name)
        elif re.fullmatch(r"\d+\.\d+", name) and series_of(name) in newest:
            chosen.append(newest[series_of(name)])
        else:
            series = ", ".join(f"{major}.{minor}" for major, minor in newest)
            raise ValueError(f"the mirror offers no kernel {name!r}; there are {series}")
    return chosen


def rows(kernels: Sequence[str], suites: Sequence[str] = ()) -> list[Row]:
    """The rows of the table; those of the running kernel and the newest kernel's first are thorough.

    Args:
        kernels: By age; the running one gets all BCCs, the oldest and the newest with task work two, every
            other one.
        suites: With exactly these BCCs each, instead.
    """
    found = []
    with_task_work = [k for k in kernels if k != RUNNING and series_of(k) >= FIRST_WITH_TASK_WORK]
    for kernel in kernels:
        if suites:
            chosen: Sequence[str] = suites
        elif kernel == RUNNING:
            chosen = SUITES
        elif series_of(kernel) < FIRST_WITH_TASK_WORK:
            chosen = SUITES[:1] if series_of(kernel) == OLD_SERIES[0] else SUITES[1:2]
        elif kernel == with_task_work[0]:
            chosen = SUITES[::2]
        elif kernel == with_task_work[-1]:
            chosen = SUITES[1::2]
        else:
            # in turn, so that no BCC meets the oldest and the newest kernels only
            chosen = (SUITES[with_task_work.index(kernel) % len(SUITES)],)
        newest = kernel in with_task_work[-1:]
        found += [
            Row(kernel, suite, kernel == RUNNING or (newest and suite == chosen[0]))
            for suite in chosen
        ]
    return found
