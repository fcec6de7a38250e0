"""Which kernels have which of the known bugs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twtui.kernel.doctor.known_bugs import (
    BUGS,
    KernelFacts,
    KnownBug,
    Version,
    bugs_of,
    version_of,
)

RECYCLING, CFI, REALTIME, TRACING, ALLOCATOR = BUGS
ORDINARY = KernelFacts((6, 18, 55), has_recycling_fix=True, is_realtime=False, has_cfi=False)


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("6.18.44-fc-v669", (6, 18, 44)),
        ("7.3.4+deb13-cloud-amd64", (7, 3, 4)),
        ("7.3-rc7", (7, 3, 0)),
        ("6.18", (6, 18, 0)),
        ("next-20261120", None),
        ("", None),
    ],
)
def test_a_version_is_what_a_release_begins_with(release: str, version: Version | None) -> None:
    assert version_of(release) == version


@pytest.mark.parametrize(
    ("version", "bugs"),
    [
        ((6, 18, 54), [ALLOCATOR]), ((6, 18, 55), []), ((6, 19, 14), [ALLOCATOR]),
        ((7, 0, 2), [TRACING, ALLOCATOR]), ((7, 1, 9), [TRACING]), ((7, 2, 0), []), ((7, 9, 0), []),
    ],
)  # fmt: skip
def test_an_ordinary_kernel_with_the_fix_of_its_own(version: Version, bugs: list[KnownBug]) -> None:
    assert bugs_of(replace(ORDINARY, version=version)) == bugs


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((6, 18, 51), True), ((6, 18, 52), False), ((6, 18, 53), False), ((6, 19, 99), True),
        ((7, 1, 99), True), ((7, 2, 5), True), ((7, 2, 6), False), ((7, 3, 0), False),
        ((8, 0, 0), False),
    ],
)  # fmt: skip
def test_each_series_has_its_own_fix(version: Version, has_it: bool) -> None:
    facts = replace(ORDINARY, version=version, has_cfi=True)
    assert (CFI in bugs_of(facts)) is has_it
    assert CFI not in bugs_of(replace(facts, has_cfi=False))


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((6, 18, 33), True), ((6, 18, 34), False), ((6, 19, 0), True), ((7, 0, 10), True),
        ((7, 0, 11), False), ((7, 1, 0), False),
    ],
)  # fmt: skip
def test_only_a_real_time_kernel_has_the_bug_of_real_time(version: Version, has_it: bool) -> None:
    facts = replace(ORDINARY, version=version, is_realtime=True)
    assert (REALTIME in bugs_of(facts)) is has_it
    assert REALTIME not in bugs_of(replace(facts, is_realtime=False))


@pytest.mark.parametrize(
    ("version", "fixed", "has_it"),
    [
        ((6, 18, 44), False, True), ((6, 18, 44), True, False), ((6, 18, 55), False, False),
        ((6, 19, 1), False, True), ((7, 0, 0), False, False),
    ],
)  # fmt: skip
def test_a_fix_that_shows_in_the_types_counts_whatever_the_version(
    version: Version, fixed: bool, has_it: bool
) -> None:
    facts = replace(ORDINARY, version=version, has_recycling_fix=fixed)
    assert (RECYCLING in bugs_of(facts)) is has_it


def test_a_kernel_without_task_work_has_none_of_them() -> None:
    assert bugs_of(KernelFacts((6, 17, 9), False, True, True)) == []
    assert bugs_of(KernelFacts(None, False, True, True)) == []


def test_fixes_in_words() -> None:
    assert CFI.fixed_in == "6.18.52, 7.2.6, 7.3"
    assert RECYCLING.fixed_in == "6.18.55, 7.0"
