"""The README says of each setting of the kernel what the doctor says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from twtui.errors import PermissionDeniedError
from twtui.kernel.doctor import rights_checks, setting_checks

README = (Path(__file__).parents[2] / "README.md").read_text()
IN_THE_WAY = {
    "kptr_restrict": "2",
    "unprivileged_bpf_disabled": "0",
    "bpf_stats_enabled": "0",
}


def row_of(name: str) -> str:
    return next(line for line in README.splitlines() if line.startswith(f"  | `{name}` |"))


@pytest.mark.parametrize(("name", "value"), IN_THE_WAY.items())
def test_a_setting(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / name).write_text(value)
    answer = getattr(setting_checks, name)(tmp_path)
    row = row_of(f"kernel.{name}")
    assert f"| {value} | {answer.detail.removeprefix(f'{value}: ')} |" in row
    assert answer.fix in row


def test_the_setting_that_is_not_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "perf_event_paranoid").write_text("3")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PermissionDeniedError) as caught:
        setting_checks.perf_event_paranoid(tmp_path)
    row = row_of("kernel.perf_event_paranoid")
    assert caught.value.message.removeprefix("3: ") in row
    assert caught.value.hint in row


def test_lockdown(tmp_path: Path) -> None:
    (tmp_path / "lockdown").write_text("none integrity [confidentiality]\n")
    answer = rights_checks.lockdown(tmp_path)
    row = row_of("/sys/kernel/security/lockdown")
    assert answer.detail.removeprefix("confidentiality: ") in row
    assert answer.fix in row
