"""The doctor's questions: every answer that each can give, and how it comes about."""

from __future__ import annotations

import errno
import os
import platform
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from twtui.errors import CompileError, PermissionDeniedError, UnsupportedError
from twtui.kernel import (
    event_checks,
    kernel_checks,
    privileges,
    rights_checks,
    setting_checks,
    toolchain_checks,
)
from twtui.kernel.btf import KernelBtf
from twtui.kernel.check import Answer, Question, ask, yes
from twtui.kernel.checks import questions
from twtui.kernel.known_bugs import BUGS, KernelFacts
from twtui.kernel.placeholders import HELPERS
from twtui.kernel.toolchain_checks import Toolchain, llvm_among

from .btf_samples import IMPL, OTHERS, PLAIN, RESUME, kernel

SETTINGS = (
    setting_checks.perf_event_paranoid,
    setting_checks.unprivileged_bpf_disabled,
    setting_checks.kptr_restrict,
    setting_checks.bpf_stats_enabled,
)
LIST_OF_HELPERS = [(f"BPF_FUNC_{name}", number) for number, name in HELPERS.items()]
SOUND = KernelFacts((6, 18, 60), has_recycling_fix=True, is_realtime=False, has_cfi=False)


def raising(error: Exception) -> Callable[..., NoReturn]:
    def raise_it(*_: object) -> NoReturn:
        raise error

    return raise_it


def asked(question: Callable[[], Answer]) -> dict[str, Any]:
    return ask("Group", Question("name", "purpose", question, required=True))


def on_kernel(monkeypatch: pytest.MonkeyPatch, btf: KernelBtf) -> None:
    for module in (kernel_checks, rights_checks, toolchain_checks):
        monkeypatch.setattr(module, "kernel_btf", lambda: btf)


@pytest.mark.parametrize(
    ("error", "answer", "code"),
    [
        (UnsupportedError("what", "how"), "no", 4),
        (CompileError("what", "how", "log"), "no", 4),
        (PermissionDeniedError("what", "how"), "no", 5),
    ],
)
def test_an_error_of_ours_is_a_no_with_its_fix(error: Exception, answer: str, code: int) -> None:
    found = asked(raising(error))
    assert (found["answer"], found["detail"], found["fix"]) == (answer, "what", "how")
    assert found["exit_code"] == code


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "/proc/it"), "/proc/it: No such file"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ValueError("no number"), "no number"),
    ],
)
def test_what_cannot_be_found_out_is_unknown_and_no_obstacle(error: Exception, detail: str) -> None:
    found = asked(raising(error))
    assert (found["answer"], found["detail"], found["exit_code"]) == ("unknown", detail, 0)


def test_an_answer_comes_with_its_question() -> None:
    assert asked(lambda: yes("fine")) == {
        "group": "Group", "name": "name", "answer": "yes", "detail": "fine", "purpose": "purpose",
        "fix": "", "required": True, "exit_code": 0,
    }  # fmt: skip


def test_every_question_has_a_name_of_its_own_and_a_purpose() -> None:
    everything = [question for group in questions().values() for question in group]
    names = [question.name for question in everything]
    assert len(set(names)) == len(names)
    assert all(question.purpose for question in everything)
    assert {question.name for question in everything if question.required} == {
        "architecture", "BTF", "task work kfuncs", "helpers", "BCC", "compile", "programs",
        "privileges",
    }  # fmt: skip


# the kernel


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


# the compiler


@pytest.fixture
def toolchain(monkeypatch: pytest.MonkeyPatch) -> Toolchain:
    """One that has found BCC, in a process that may load programs."""
    monkeypatch.setattr(
        toolchain_checks, "import_bcc", lambda: type("bcc", (), {"__version__": "1.2"})
    )
    monkeypatch.setattr(toolchain_checks, "may_load_programs", lambda: True)
    on_kernel(monkeypatch, kernel(OTHERS | IMPL))
    made = Toolchain()
    assert asked(made.bcc)["detail"] == "version 1.2"
    return made


def test_no_bcc_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        toolchain_checks, "import_bcc", raising(UnsupportedError("BCC is not there", "install it"))
    )
    toolchain = Toolchain()
    found = [
        asked(one) for one in (toolchain.bcc, toolchain.llvm, toolchain.compile, toolchain.load)
    ]
    assert [one["answer"] for one in found] == ["no", "unknown", "unknown", "unknown"]
    assert [one["exit_code"] for one in found] == [4, 0, 0, 0]


@pytest.mark.parametrize(
    ("file", "version"),
    [
        ("/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1", "14"),
        ("/usr/lib/llvm-19/lib/libLLVM.so.19.1", "19.1"),
        ("/usr/lib64/libLLVM-17.0.6.so", "17.0.6"),
    ],
)
def test_llvm_is_known_by_the_name_of_its_library(file: str, version: str) -> None:
    found = llvm_among(["/lib/libclang-cpp.so.99", file])
    assert (found.answer, found.detail) == ("yes", f"version {version}")


def test_llvm_that_is_built_in_is_unknown() -> None:
    assert llvm_among(["/lib/libbcc.so.0", "/x/libLLVM/other.so"]).answer == "unknown"


def test_without_privileges_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    monkeypatch.setattr(toolchain_checks, "may_load_programs", lambda: False)
    monkeypatch.setattr(toolchain_checks, "compile_side_by_side", raising(AssertionError("asked")))
    found = asked(toolchain.compile)
    assert (found["answer"], "sudo" in found["fix"]) == ("unknown", True)
    assert asked(toolchain.load)["answer"] == "unknown"


def test_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain) -> None:
    monkeypatch.setattr(toolchain_checks, "jobs_of", lambda *_: [])
    failed = CompileError("BCC could not compile the hash programs", "see the log")
    monkeypatch.setattr(toolchain_checks, "compile_side_by_side", raising(failed))
    found = asked(toolchain.compile)
    assert (found["answer"], found["detail"], found["exit_code"]) == ("no", failed.message, 4)
    assert asked(toolchain.load)["answer"] == "unknown"


def test_without_the_kfuncs_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    monkeypatch.setattr(toolchain_checks, "compile_side_by_side", raising(AssertionError("asked")))
    on_kernel(monkeypatch, kernel(OTHERS))
    found = asked(toolchain.compile)
    assert (found["answer"], found["detail"]) == ("unknown", "not tried without the kfuncs")
    assert asked(toolchain.load)["answer"] == "unknown"


@pytest.mark.parametrize(("number", "code"), [(errno.EPERM, 5), (errno.ENOMEM, 4)])
def test_a_kernel_that_refuses_the_map(
    monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain, number: int, code: int
) -> None:
    monkeypatch.setattr(toolchain_checks, "jobs_of", lambda *_: [])
    monkeypatch.setattr(toolchain_checks, "compile_side_by_side", lambda _: [object()])
    monkeypatch.setattr(toolchain_checks, "Module", raising(OSError(number, "making a map")))
    asked(toolchain.compile)
    found = asked(toolchain.load)
    assert (found["answer"], found["exit_code"]) == ("no", code)
    assert "making a map" in found["detail"]


# rights


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
    [(None, False, "yes"), (None, True, "yes"), (1 << 23, True, "yes"), (1 << 16, False, "no")],
)
def test_memlock(limit_bytes: int | None, by_cgroup: bool, answer: str) -> None:
    found = rights_checks.memlock_of(limit_bytes, by_cgroup)
    assert found.answer == answer
    assert ("KiB" in found.detail) is (limit_bytes is not None)


def test_memlock_goes_by_the_limit_and_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    on_kernel(monkeypatch, kernel({}))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    assert asked(rights_checks.memlock)["answer"] == "yes"
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 16, 1 << 16))
    assert asked(rights_checks.memlock)["answer"] == "no"
    later = kernel({}, enums={"bpf_func_id": [("BPF_FUNC_ktime_get_coarse_ns", 160)]})
    on_kernel(monkeypatch, later)
    assert asked(rights_checks.memlock)["answer"] == "yes"


# settings


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


# events


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
