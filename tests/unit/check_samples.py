"""Builders for tests of the doctor's questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from twtui.kernel.bpf.btf import KernelBtf
from twtui.kernel.doctor import kernel_checks, rights_checks, toolchain_checks
from twtui.kernel.doctor.check import Answer, Question, ask


def raising(error: Exception) -> Callable[..., NoReturn]:
    def raise_it(*_: object) -> NoReturn:
        raise error

    return raise_it


def asked(question: Callable[[], Answer]) -> dict[str, Any]:
    return ask("Group", Question("name", "purpose", question, required=True))


def on_kernel(monkeypatch: pytest.MonkeyPatch, btf: KernelBtf) -> None:
    for module in (kernel_checks, rights_checks, toolchain_checks):
        monkeypatch.setattr(module, "kernel_btf", lambda: btf)
