"""One question of the doctor and its answer: yes, no, or that it could not be found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError
from twtui.kernel.bpf.library import MissingLibraryError

YES, NO, UNKNOWN = "yes", "no", "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found."""

    answer: str
    detail: str
    """What is there and what that means, in one line."""
    fix: str = ""
    exit_code: int = 0
    """What a ``no`` means for a run: 4 not supported, 5 not permitted."""


def yes(detail: str) -> Answer:
    """All is well."""
    return Answer(YES, detail)


def no(detail: str, fix: str) -> Answer:
    """Something is not as it should be; on this machine, as opposed to this user."""
    return Answer(NO, detail, fix, UnsupportedError.exit_code)


def unknown(detail: str, fix: str = "") -> Answer:
    """It could not be found out."""
    return Answer(UNKNOWN, detail, fix)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a machine."""

    name: str
    purpose: str
    """What it is good for, in a few words."""
    ask: Callable[[], Answer]
    """May raise TwtuiError for a no, and OSError or ValueError for what cannot be found out."""
    required: bool = False
    """The monitor does not work without it."""


def ask(group: str, question: Question) -> dict[str, Any]:
    """Put a question.

    Args:
        group: The heading that it belongs under.
        question: Which.

    Returns:
        ``group``, ``name``, ``answer``, ``detail``, ``purpose``, ``fix``, ``required`` and ``exit_code``.
    """
    found = _answer(question)
    return {
        "group": group,
        "name": question.name,
        "answer": found.answer,
        "detail": found.detail,
        "purpose": question.purpose,
        "fix": found.fix,
        "required": question.required,
        "exit_code": found.exit_code,
    }


def _answer(question: Question) -> Answer:
    try:
        return question.ask()
    except MissingLibraryError as error:
        # it comes with BCC, so the question for BCC says no
        return unknown(error.message, error.hint)
    except TwtuiError as error:
        forbidden = isinstance(error, PermissionDeniedError)
        code = (PermissionDeniedError if forbidden else UnsupportedError).exit_code
        return Answer(NO, error.message, error.hint, code)
    except OSError as error:
        reason = error.strerror or str(error)
        return unknown(f"{error.filename}: {reason}" if error.filename else reason)
    except ValueError as error:
        return unknown(str(error))
