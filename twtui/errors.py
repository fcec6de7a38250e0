"""The errors that twtui tells a person: what happened, what to do, and the exit code.

TwtuiError                     1  anything below, or an error of our own
├── RefusedError               1  the kernel did not carry out a command; the run goes on
├── UsageError                 2  bad expression, unresolvable symbol, refused mode
├── LossError                  3  an assertion failed or something was lost
├── UnsupportedError           4  this kernel or this machine cannot do it
│   └── CompileError           4  BCC or the verifier refused a program of ours
├── PermissionDeniedError      5  the caller may not do it
└── NoSuchTargetError          6  dead PID, kernel thread, twtui itself
"""

from __future__ import annotations

from typing import Any, ClassVar

from twtui.harmless import shortened

_MOST_CHARACTERS = 8192
"""Of a message or a hint: it may quote what was given, and that can have any length."""


class TwtuiError(Exception):
    """Something that a person has to know.

    Args:
        message: What happened, in one line.
        hint: What to do about it, in one line; empty when there is nothing to do.
        log: A compiler's or verifier's words, kept as data and shown only on demand.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "", log: str = "") -> None:
        self.message = shortened(message, _MOST_CHARACTERS)
        super().__init__(self.message)
        self.hint = shortened(hint, _MOST_CHARACTERS)
        self.log = log

    def to_wire(self) -> dict[str, str]:
        """The form in which the kernel process hands an error to the user process.

        The other side knows the kinds of this module: a special one arrives as what it is a case of.
        """
        names = (kind.__name__ for kind in type(self).__mro__)
        return {
            "kind": next(name for name in names if name in _KINDS),
            "message": self.message,
            "hint": self.hint,
            "log": self.log,
        }


class RefusedError(TwtuiError):
    """The kernel did not carry out a command; the run goes on as it was before it."""


class UsageError(TwtuiError):
    """The request itself is wrong: an expression, a symbol, a pair of trigger and mode."""

    exit_code: ClassVar[int] = 2


class LossError(TwtuiError):
    """An assertion failed, or something was lost where nothing may be."""

    exit_code: ClassVar[int] = 3


class UnsupportedError(TwtuiError):
    """The kernel, BCC or the machine lacks what is needed."""

    exit_code: ClassVar[int] = 4


class CompileError(UnsupportedError):
    """BCC could not compile a program, or the verifier rejected it; ``log`` says why."""


class PermissionDeniedError(TwtuiError):
    """The kernel has what is needed, but the caller may not use it."""

    exit_code: ClassVar[int] = 5


class NoSuchTargetError(TwtuiError):
    """The process does not exist or cannot be a target."""

    exit_code: ClassVar[int] = 6


INTERRUPTED = 130
"""Not the code of an error: what shells give a program that SIGINT has ended."""

EXIT_CODES: dict[int, str] = {
    0: "done",
    TwtuiError.exit_code: "an error",
    UsageError.exit_code: "the request is wrong: an expression, a symbol, a mode that is refused",
    LossError.exit_code: "an assertion failed, or something was lost",
    UnsupportedError.exit_code: "this kernel or machine cannot do it",
    PermissionDeniedError.exit_code: "not permitted",
    NoSuchTargetError.exit_code: "no such target: the process is gone, or is a kernel thread, or is twtui itself",
    INTERRUPTED: "interrupted by Ctrl-C (record: by the second one, as the first asks for the summary)",
}
"""What each exit code means, for the help and the manual."""

_KINDS: dict[str, type[TwtuiError]] = {
    kind.__name__: kind
    for kind in (
        TwtuiError,
        RefusedError,
        UsageError,
        LossError,
        UnsupportedError,
        CompileError,
        PermissionDeniedError,
        NoSuchTargetError,
    )
}


def error_from_wire(fields: dict[str, Any]) -> TwtuiError:
    """Rebuild an error from ``TwtuiError.to_wire``; an unknown kind becomes a plain one."""
    kind = _KINDS.get(str(fields.get("kind")), TwtuiError)
    return kind(
        str(fields.get("message", "unknown error")),
        str(fields.get("hint", "")),
        str(fields.get("log", "")),
    )
