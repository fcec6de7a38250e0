"""What a person is told when the kernel refuses: by its errno, with what helps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError, UsageError
from twtui.kernel import refusal
from twtui.kernel.bpf import libbpf
from twtui.kernel.run import triggers
from twtui.model.trigger import parse_trigger


def refused(number: int) -> OSError:
    return OSError(number, f"creating a map: {os.strerror(number)}")


@pytest.mark.parametrize(
    ("number", "kind", "hint"),
    [
        (errno.EPERM, PermissionDeniedError, "sudo"),
        (errno.EACCES, PermissionDeniedError, "sudo"),
        (errno.ENOMEM, TwtuiError, "--slots"),
        (errno.E2BIG, TwtuiError, "--slots"),
        (errno.ENOSPC, TwtuiError, "--slots"),
        (errno.EMFILE, TwtuiError, "ulimit -n"),
        (errno.ENFILE, TwtuiError, "ulimit -n"),
        (errno.EINVAL, TwtuiError, "twtui doctor"),
    ],
)
def test_a_refusal_says_what_helps(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: type[TwtuiError], hint: str
) -> None:
    monkeypatch.setattr(refusal, "is_locked_down", lambda: False)
    error = refusal.refusal(refused(number))
    assert type(error) is kind
    assert error.message == f"the kernel refused: creating a map: {os.strerror(number)}"
    assert hint in error.hint


def test_where_the_kernel_is_locked_down_sudo_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusal, "is_locked_down", lambda: True)
    error = refusal.refusal(refused(errno.EPERM))
    assert "locked down" in error.message
    assert "sudo" not in error.hint


@pytest.mark.parametrize(
    ("status", "locked"),
    [
        ("none [integrity] confidentiality\n", False),
        ("none integrity [confidentiality]\n", True),
        (None, False),
    ],
)
def test_the_kernel_says_whether_it_is_locked_down(
    tmp_path: Path, status: str | None, locked: bool
) -> None:
    if status:
        (tmp_path / "lockdown").write_text(status)
    assert refusal.is_locked_down(tmp_path / "lockdown") is locked


@pytest.mark.parametrize(
    ("text", "number", "kind", "hint"),
    [
        ("sample", errno.EACCES, PermissionDeniedError, "perf_event_paranoid"),
        ("sample:cycles", errno.ENOENT, UnsupportedError, "use sample"),
        ("sample:cycles", errno.EOPNOTSUPP, UnsupportedError, "use sample"),
        ("sample", errno.EINVAL, UsageError, "perf_event_max_sample_rate"),
        ("syscall:read", errno.EMFILE, TwtuiError, "ulimit -n"),
    ],
)
def test_a_trigger_that_is_refused_says_what_helps_and_leaves_nothing_attached(
    monkeypatch: pytest.MonkeyPatch, text: str, number: int, kind: type[TwtuiError], hint: str
) -> None:
    def refuse(*_: object) -> int:
        raise refused(number)

    monkeypatch.setattr(libbpf, "perf_event_open", refuse)
    monkeypatch.setattr(triggers, "_tracepoint_id", lambda _: 7)
    attachments = triggers.Attachments()
    with pytest.raises(kind) as raised:
        attachments.attach(parse_trigger(text), program=-1, cookie=0)
    assert type(raised.value) is kind
    assert hint in raised.value.hint
    assert attachments.mark() == (0, 0)
