"""The doctor's questions about the compiler: every answer that each can give, and how it comes about."""

from __future__ import annotations

import errno

import pytest

from twtui.errors import CompileError, UnsupportedError
from twtui.kernel.doctor import toolchain_checks
from twtui.kernel.doctor.toolchain_checks import Toolchain, llvm_among

from .btf_samples import IMPL, OTHERS, kernel
from .check_samples import asked, on_kernel, raising


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
