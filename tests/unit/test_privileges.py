"""Which capabilities are enough, and what is said of those that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from twtui.errors import PermissionDeniedError
from twtui.kernel import privileges
from twtui.kernel.privileges import (
    HELPFUL,
    describe_privileges,
    held_capabilities,
    require_privileges,
)

BITS = {"CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""include/uapi/linux/capability.h"""


def status_of(tmp_path: Path, *names: str) -> Path:
    path = tmp_path / "status"
    bits = sum(1 << BITS[name] for name in names)
    path.write_text(f"Name:\tpython3\nCapPrm:\t{(1 << 41) - 1:016x}\nCapEff:\t{bits:016x}\n")
    return path


def hold(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(privileges, "held_capabilities", lambda: frozenset(names))


def test_what_counts_is_effective(tmp_path: Path) -> None:
    status = status_of(tmp_path, "CAP_BPF", "CAP_SYS_PTRACE")
    assert held_capabilities(status) == {"CAP_BPF", "CAP_SYS_PTRACE"}


def test_the_strong_one_implies_the_weaker(tmp_path: Path) -> None:
    assert held_capabilities(status_of(tmp_path, "CAP_SYS_ADMIN")) >= {"CAP_BPF", "CAP_PERFMON"}


@pytest.mark.parametrize(
    ("held", "missing"), [("CAP_BPF", "CAP_PERFMON"), ("CAP_PERFMON", "CAP_BPF")]
)
def test_each_of_the_two_is_missed_by_name(
    monkeypatch: pytest.MonkeyPatch, held: str, missing: str
) -> None:
    hold(monkeypatch, held, *HELPFUL)
    with pytest.raises(PermissionDeniedError) as refused:
        require_privileges()
    assert f"no {missing}" in refused.value.message
    assert f"no {held}" not in refused.value.message
    assert refused.value.exit_code == 5
    assert "sudo" in refused.value.hint


def test_the_least_set_is_told_with_what_the_rest_would_buy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold(monkeypatch, "CAP_BPF", "CAP_PERFMON")
    said = describe_privileges()
    assert said.startswith("CAP_BPF, CAP_PERFMON; ")
    for name, buys in HELPFUL.items():
        assert f"no {name}: not {buys}" in said
    hold(monkeypatch, "CAP_BPF", "CAP_PERFMON", *HELPFUL)
    assert "no " not in describe_privileges()
