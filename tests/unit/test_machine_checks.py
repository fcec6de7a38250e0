"""The doctor's questions about rights, settings and events: every answer, and how it comes about."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel import privileges
from twtui.kernel.doctor import event_checks, rights_checks, setting_checks
from twtui.kernel.doctor.check import Answer

from .btf_samples import kernel
from .check_samples import asked, on_kernel, raising

SETTINGS = (
    setting_checks.perf_event_paranoid,
    setting_checks.unprivileged_bpf_disabled,
    setting_checks.kptr_restrict,
    setting_checks.bpf_stats_enabled,
)


def test_privileges(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"CAP_BPF", "CAP_PERFMON"}
    monkeypatch.setattr(privileges, "held_capabilities", lambda: frozenset(held))
    assert asked(rights_checks.privileges)["answer"] == "yes"
    held.remove("CAP_PERFMON")
    found = asked(rights_checks.privileges)
    assert (found["answer"], found["exit_code"]) == ("no", 5)


@pytest.mark.parametrize(
    ("states", "answer"),
    [
        ("[none] integrity confidentiality\n", "yes"),
        ("none [integrity] confidentiality\n", "yes"),
        ("none integrity [confidentiality]\n", "no"),
        ("something new\n", "unknown"),
    ],
)
def test_lockdown(tmp_path: Path, states: str, answer: str) -> None:
    (tmp_path / "lockdown").write_text(states)
    found = asked(lambda: rights_checks.lockdown(tmp_path))
    assert found["answer"] == answer
    assert bool(found["fix"]) is (answer == "no")


def test_lockdown_where_it_cannot_be_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = asked(lambda: rights_checks.lockdown(tmp_path))
    assert (found["answer"], found["fix"]) == (
        "unknown", f"mount -t securityfs securityfs {tmp_path}",
    )  # fmt: skip
    monkeypatch.setattr(os.path, "ismount", lambda _: True)
    assert asked(lambda: rights_checks.lockdown(tmp_path))["answer"] == "yes"


@pytest.mark.parametrize(
    ("limit_bytes", "by_cgroup", "answer"),
    [(1 << 23, True, "yes"), (1 << 16, False, "no")],
)
def test_memlock(limit_bytes: int, by_cgroup: bool, answer: str) -> None:
    found = rights_checks.memlock_of(limit_bytes, by_cgroup)
    assert found.answer == answer
    assert f"{limit_bytes >> 10:,} KiB" in found.detail


def test_memlock_goes_by_the_limit_and_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    on_kernel(monkeypatch, kernel({}))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    assert asked(rights_checks.memlock)["answer"] == "yes"
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 16, 1 << 16))
    assert asked(rights_checks.memlock)["answer"] == "no"
    later = kernel({}, enums={"bpf_func_id": [("BPF_FUNC_ktime_get_coarse_ns", 160)]})
    on_kernel(monkeypatch, later)
    assert asked(rights_checks.memlock)["answer"] == "yes"


def test_memlock_on_a_kernel_without_types(monkeypatch: pytest.MonkeyPatch) -> None:
    without_types = UnsupportedError("the kernel has no BTF", "another kernel")
    monkeypatch.setattr(rights_checks, "kernel_btf", raising(without_types))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 16, 1 << 16))
    found = asked(rights_checks.memlock)
    assert (found["answer"], found["detail"]) == ("unknown", "the kernel has no BTF")
    assert (found["fix"], found["exit_code"]) == ("another kernel", 0)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    found = asked(rights_checks.memlock)
    assert (found["answer"], found["detail"]) == ("yes", "no limit")


@pytest.mark.parametrize(
    ("setting", "value", "answer"),
    [
        (setting_checks.perf_event_paranoid, -1, "yes"),
        (setting_checks.perf_event_paranoid, 2, "yes"),
        (setting_checks.perf_event_paranoid, 3, "no"),
        (setting_checks.unprivileged_bpf_disabled, 0, "no"),
        (setting_checks.unprivileged_bpf_disabled, 1, "yes"),
        (setting_checks.unprivileged_bpf_disabled, 2, "yes"),
        (setting_checks.kptr_restrict, 0, "yes"),
        (setting_checks.kptr_restrict, 1, "yes"),
        (setting_checks.kptr_restrict, 2, "no"),
        (setting_checks.bpf_stats_enabled, 0, "yes"),
        (setting_checks.bpf_stats_enabled, 1, "yes"),
    ],
)
def test_a_setting_is_told_with_what_it_means(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    setting: Callable[[Path], Answer],
    value: int,
    answer: str,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    name = setting.__name__
    (tmp_path / name).write_text(f"{value}\n")
    found = asked(lambda: setting(tmp_path))
    assert found["answer"] == answer
    assert found["detail"].startswith(f"{value}: ")
    assert found["fix"].startswith(f"sysctl kernel.{name}=") is (answer == "no")


def test_root_is_not_kept_from_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "perf_event_paranoid").write_text("3\n")
    assert setting_checks.perf_event_paranoid(tmp_path).answer == "yes"


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_is_not_there_or_no_number_is_unknown(
    tmp_path: Path, setting: Callable[[Path], Answer]
) -> None:
    found = asked(lambda: setting(tmp_path))
    assert found["answer"] == "unknown"
    assert setting.__name__ in found["detail"]
    (tmp_path / setting.__name__).write_text("many\n")
    assert asked(lambda: setting(tmp_path))["answer"] == "unknown"


def test_tracefs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_checks, "mounted_tracefs", lambda: Path("/sys/kernel/tracing"))
    assert asked(event_checks.tracefs)["detail"] == "/sys/kernel/tracing"
    monkeypatch.setattr(event_checks, "mounted_tracefs", lambda: None)
    found = asked(event_checks.tracefs)
    assert (found["answer"], found["exit_code"]) == ("no", 5)


def test_hardware_counters() -> None:
    opened = os.open(os.devnull, os.O_RDONLY)
    assert event_checks.hardware_counters(lambda: opened).answer == "yes"
    with pytest.raises(OSError):
        os.fstat(opened)


@pytest.mark.parametrize(
    ("number", "answer"),
    [(errno.ENOENT, "no"), (errno.EOPNOTSUPP, "no"), (errno.EACCES, "unknown")],
)
def test_hardware_counters_that_cannot_be_had(number: int, answer: str) -> None:
    refused = raising(OSError(number, "opening a perf event"))
    found = event_checks.hardware_counters(refused)
    assert (found.answer, bool(found.fix)) == (answer, True)
