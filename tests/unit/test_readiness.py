"""The quick look before the first screen."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from twtui.backend import readiness
from twtui.backend.readiness import seems_able

NAMES = [b"bpf_task_work_schedule_resume", b"bpf_task_work_schedule_resume_impl"]


@pytest.fixture
def status(tmp_path: Path) -> Path:
    file = tmp_path / "status"
    file.write_text("Name:\tx\nCapEff:\t000001ffffffffff\n")
    return file


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
def test_all_is_there(status: Path, kernel_types: Path, name: bytes) -> None:
    kernel_types.write_bytes(b"\0" + name + b"\0")
    assert seems_able(status, kernel_types)


@pytest.mark.parametrize("names", [b"", b"\0int\0", b"\0bpf_task_work_schedule_resumes\0"])
def test_a_kernel_without_task_work(status: Path, kernel_types: Path, names: bytes) -> None:
    kernel_types.write_bytes(names)
    assert not seems_able(status, kernel_types)


def test_a_kernel_without_btf(status: Path, tmp_path: Path) -> None:
    assert not seems_able(status, tmp_path / "missing")


@pytest.mark.parametrize("words", ["CapEff:\t0\n", "CapEff:\tfoo\n", "", "CapEff:\tffdfffff\n"])
def test_no_privileges(status: Path, kernel_types: Path, words: str) -> None:
    status.write_text(words)
    assert not seems_able(status, kernel_types)


def test_no_bcc(status: Path, kernel_types: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda _: None)
    assert not seems_able(status, kernel_types)


def test_another_machine(status: Path, kernel_types: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not seems_able(status, kernel_types)
