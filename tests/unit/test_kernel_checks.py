"""The doctor's questions about the kernel: every answer that each can give, and how it comes about."""

from __future__ import annotations

import os
import platform
from dataclasses import replace

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel.bpf.btf import KernelBtf
from twtui.kernel.bpf.placeholders import HELPERS
from twtui.kernel.doctor import kernel_checks
from twtui.kernel.doctor.known_bugs import BUGS, KernelFacts

from .btf_samples import IMPL, OTHERS, PLAIN, RESUME, kernel
from .check_samples import asked, on_kernel, raising

LIST_OF_HELPERS = [(f"BPF_FUNC_{name}", number) for number, name in HELPERS.items()]
SOUND = KernelFacts((6, 18, 60), has_recycling_fix=True, is_realtime=False, has_cfi=False)


def test_the_release_is_told() -> None:
    assert asked(kernel_checks.release)["detail"] == os.uname().release


def test_a_machine_whose_registers_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(kernel_checks.architecture)["answer"] == "yes"
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    found = asked(kernel_checks.architecture)
    assert (found["answer"], found["exit_code"]) == ("no", 4)
    assert "x86_64" in found["fix"]


def test_a_kernel_without_types(monkeypatch: pytest.MonkeyPatch) -> None:
    on_kernel(monkeypatch, kernel({}))
    assert asked(kernel_checks.types)["answer"] == "yes"
    monkeypatch.setattr(kernel_checks, "kernel_btf", lambda: KernelBtf(b"not BTF" * 9))
    found = asked(kernel_checks.types)
    assert (found["answer"], found["exit_code"]) == ("no", 4)
    assert "CONFIG_DEBUG_INFO_BTF" in found["fix"]


@pytest.mark.parametrize(
    ("functions", "detail"),
    [(IMPL, "_impl names, 5 parameters"), (PLAIN, "4 parameters"), (IMPL | PLAIN, "4 parameters")],
)
def test_both_variants_of_the_kfuncs(
    monkeypatch: pytest.MonkeyPatch, functions: dict[str, int], detail: str
) -> None:
    on_kernel(monkeypatch, kernel(OTHERS | functions))
    found = asked(kernel_checks.kfuncs)
    assert (found["answer"], found["detail"]) == ("yes", detail)


@pytest.mark.parametrize(
    ("functions", "untagged", "detail", "fix"),
    [
        (OTHERS, (), "no BPF task work", "Linux 6.18"),
        (OTHERS | PLAIN | {RESUME: 5}, (), "takes 5 parameters, not 4", "malformed"),
        (OTHERS | IMPL, tuple(IMPL), "not for programs to call", "malformed"),
    ],
    ids=["an old kernel", "another prototype", "no kfunc"],
)
def test_kfuncs_that_are_missing_or_malformed(
    monkeypatch: pytest.MonkeyPatch,
    functions: dict[str, int],
    untagged: tuple[str, ...],
    detail: str,
    fix: str,
) -> None:
    on_kernel(monkeypatch, kernel(functions, untagged))
    found = asked(kernel_checks.kfuncs)
    assert (found["answer"], found["exit_code"]) == ("no", 4)
    assert detail in found["detail"]
    assert fix in found["fix"]


def test_all_helpers_are_there() -> None:
    btf = kernel({}, enums={"bpf_func_id": LIST_OF_HELPERS})
    found = asked(lambda: kernel_checks.helpers(btf))
    assert (found["answer"], found["detail"]) == ("yes", "all 18 that are called")


@pytest.mark.parametrize("change", [[], [("BPF_FUNC_task_pt_regs", 176)]])
def test_a_helper_that_is_missing_or_has_another_number(change: list[tuple[str, int]]) -> None:
    kept = [(name, number) for name, number in LIST_OF_HELPERS if "task_pt_regs" not in name]
    btf = kernel({}, enums={"bpf_func_id": [*kept, *change]})
    found = asked(lambda: kernel_checks.helpers(btf))
    assert (found["answer"], found["exit_code"]) == ("no", 4)
    assert "bpf_task_pt_regs" in found["detail"]
    assert "bpf_copy_from_user" not in found["detail"]


def test_types_without_a_list_of_helpers() -> None:
    assert asked(lambda: kernel_checks.helpers(kernel({})))["answer"] == "unknown"


def test_a_kernel_without_known_bugs() -> None:
    assert asked(lambda: kernel_checks.bugs(SOUND))["answer"] == "yes"


def test_a_kernel_with_known_bugs_is_told_each_and_where_it_is_fixed() -> None:
    facts = replace(SOUND, version=(6, 18, 20), is_realtime=True, has_cfi=True)
    found = asked(lambda: kernel_checks.bugs(facts))
    assert found["answer"] == "no"
    for bug in BUGS[1:3]:
        assert f"{bug.what} (fixed in Linux {bug.fixed_in})" in found["detail"]
    assert BUGS[0].what not in found["detail"]
    assert "update the kernel" in found["fix"]


def test_known_bugs_of_a_kernel_without_types(monkeypatch: pytest.MonkeyPatch) -> None:
    without_types = UnsupportedError("the kernel has no BTF", "another kernel")
    monkeypatch.setattr(kernel_checks, "kernel_btf", raising(without_types))
    found = asked(kernel_checks.bugs)
    assert (found["answer"], found["detail"]) == ("unknown", "the kernel has no BTF")
    assert (found["fix"], found["exit_code"]) == ("another kernel", 0)


def test_a_release_without_a_version() -> None:
    assert asked(lambda: kernel_checks.bugs(replace(SOUND, version=None)))["answer"] == "unknown"


def test_facts_are_taken_from_release_and_types(monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(version: str, *functions: str) -> KernelFacts:
        on_kernel(monkeypatch, kernel(dict.fromkeys(functions, 1)))
        names = ("Linux", "box", "6.19.3+deb13-rt", version, "x86_64")
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(names))
        return kernel_checks.kernel_facts()

    assert facts("#1 SMP PREEMPT_DYNAMIC") == KernelFacts((6, 19, 3), False, False, False)
    assert facts("#1 SMP PREEMPT_RT", "htab_mem_dtor", "report_cfi_failure") == KernelFacts(
        (6, 19, 3), True, True, True
    )
