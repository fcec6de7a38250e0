"""The quick look before the first screen."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from twtui.backend import readiness
from twtui.backend.readiness import seems_able

NAMES = [b"bpf_task_work_schedule_resume", b"bpf_task_work_schedule_resume_impl"]


@pytest.fixture
def kernel_types(tmp_path: Path) -> Path:
    file = tmp_path / "vmlinux"
    file.write_bytes(b"\x9f\xeb...\0int\0" + NAMES[0] + b"\0char\0")
    return file


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda _: object())
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.mark.parametrize("name", NAMES)
def test_all_is_there(kernel_types: Path, name: bytes) -> None:
    kernel_types.write_bytes(b"\0" + name + b"\0")
    assert seems_able(kernel_types)


@pytest.mark.parametrize("names", [b"", b"\0int\0", b"\0bpf_task_work_schedule_resumes\0"])
def test_a_kernel_without_task_work(kernel_types: Path, names: bytes) -> None:
    kernel_types.write_bytes(names)
    assert not seems_able(kernel_types)


def test_a_kernel_without_btf(tmp_path: Path) -> None:
    assert not seems_able(tmp_path / "missing")


def test_no_bcc(kernel_types: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda _: None)
    assert not seems_able(kernel_types)


def test_another_machine(kernel_types: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not seems_able(kernel_types)
