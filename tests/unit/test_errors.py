"""Errors on their way from the kernel process: message, hint, log and exit code arrive as they were."""

from __future__ import annotations

import pytest

from twtui.errors import (
    CompileError,
    LossError,
    NoSuchTargetError,
    PermissionDeniedError,
    RefusedError,
    TwtuiError,
    UnsupportedError,
    UsageError,
    error_from_wire,
)
from twtui.kernel.bpf.library import MissingLibraryError
from twtui.kernel.compiling.linker import LinkError
from twtui.model.capture_words import CaptureError

KINDS = (
    TwtuiError, RefusedError, UsageError, LossError, UnsupportedError, CompileError,
    PermissionDeniedError, NoSuchTargetError,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_arrives_as_it_was(kind: type[TwtuiError]) -> None:
    arrived = error_from_wire(kind("what", "do this", "words").to_wire())
    assert type(arrived) is kind
    assert (arrived.message, arrived.hint, arrived.log) == ("what", "do this", "words")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MissingLibraryError("no libbpf", "install BCC"), UnsupportedError),
        (LinkError("a map that nobody knows"), CompileError),
        (CaptureError("str(", 4, "a number expected"), UsageError),
    ],
)
def test_a_special_case_arrives_as_what_it_is_a_case_of(
    error: TwtuiError, kind: type[TwtuiError]
) -> None:
    arrived = error_from_wire(error.to_wire())
    assert type(arrived) is kind
    assert (arrived.message, arrived.hint) == (error.message, error.hint)
    assert arrived.exit_code == error.exit_code


def test_an_error_from_a_stranger_is_a_plain_one() -> None:
    arrived = error_from_wire({"kind": "KeyboardInterrupt", "message": 7})
    assert type(arrived) is TwtuiError
    assert (arrived.message, arrived.hint, arrived.exit_code) == ("7", "", 1)
    assert error_from_wire({}).message == "unknown error"


def test_what_quotes_something_long_has_an_end() -> None:
    error = UsageError("bad trigger " + "x" * 100_000, "y" * 100_000)
    assert len(error.message) == len(error.hint) == 8192
    assert error.message.endswith("…")
