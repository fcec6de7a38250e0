"""The doctor command: checks as a table or as JSON, and the one that stands in the way of a run."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError
from twtui.harmless import written_out
from twtui.json_text import indented

Check = Mapping[str, Any]
"""``name``, ``answer`` (yes, no, unknown), ``detail``, ``fix``, ``required``, and ``exit_code``; of
this version also ``group``, its heading, and ``purpose``, what it is good for."""
Trial = Mapping[str, Any]
"""``type``, ``kfunc``, ``answer`` (accepted, rejected, unavailable, unknown), ``detail``."""
_FIELDS = ("group", "name", "answer", "detail", "purpose", "fix", "required")
_ANSWER_WIDTH = 7
_INDENT = "  "
_LEAST_TEXT_WIDTH = 30


def first_obstacle(checks: Sequence[Check]) -> TwtuiError | None:
    """The required check that failed, as an error; what is missing comes before what is forbidden."""
    failed = [check for check in checks if check.get("required") and check["answer"] == "no"]
    if not failed:
        return None
    worst = min(failed, key=_exit_code)
    kind = (
        PermissionDeniedError
        if _exit_code(worst) == PermissionDeniedError.exit_code
        else UnsupportedError
    )
    return kind(
        str(worst["detail"] or worst["name"]), str(worst["fix"] or "twtui doctor says more")
    )


def _exit_code(check: Check) -> int:
    return int(check.get("exit_code") or UnsupportedError.exit_code)


def report(checks: Sequence[Check], as_json: bool, trials: Sequence[Trial] | None = None) -> str:
    """Everything that was checked, for standard output.

    Args:
        checks: What works here.
        as_json: As one object; otherwise as text, as wide as the terminal.
        trials: Which program types may schedule task work; None when that was not asked for.
    """
    if as_json:
        shown: dict[str, Any] = {
            "checks": [{name: check.get(name) for name in _FIELDS} for check in checks]
        }
        if trials is not None:
            shown["programs"] = [dict(trial) for trial in trials]
        return indented(shown)
    width = shutil.get_terminal_size().columns
    lines = _grouped(checks, width)
    if trials is not None:
        lines += [*_trial_lines(trials, width), ""]
    lines += _wrapped(written_out(_verdict(checks)), width)
    return "\n".join(lines) + "\n"


def _verdict(checks: Sequence[Check]) -> str:
    if problem := first_obstacle(checks):
        return f"twtui cannot run here: {problem.message}"
    unsure = [
        str(check["name"]) for check in checks if check.get("required") and check["answer"] != "yes"
    ]
    if unsure:
        return f"twtui works here, as far as could be found out: not {', '.join(unsure)}"
    return "twtui works here"


def _grouped(checks: Sequence[Check], width: int) -> list[str]:
    """Every check under its heading, with an empty line behind each group."""
    names = max((len(str(check["name"])) for check in checks), default=0)
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(str(check.get("group") or ""), []).append(check)
    lines: list[str] = []
    for group, found in groups.items():
        lines += [written_out(group)] if group else []
        lines += [line for check in found for line in _check_lines(check, names, width)]
        lines.append("")
    return lines


def _check_lines(check: Check, names: int, width: int) -> list[str]:
    answer, name = (written_out(str(check[field])) for field in ("answer", "name"))
    texts = [str(check["detail"])]
    if check["answer"] != "yes":
        texts += [f"for: {check['purpose']}"] if check.get("purpose") else []
        texts += [f"fix: {check['fix']}"] if check["fix"] else []
    head = f"{_INDENT}{answer:<{_ANSWER_WIDTH}} {name:<{names}}  "
    return _beside(head, [written_out(text) for text in texts], width)


def _trial_lines(trials: Sequence[Trial], width: int) -> list[str]:
    """A line a program type with an answer a kfunc; and the details, once where they are alike."""
    kfuncs = list(dict.fromkeys(written_out(str(trial["kfunc"])) for trial in trials))
    by_type: dict[str, list[Trial]] = {}
    for trial in trials:
        by_type.setdefault(written_out(str(trial["type"])), []).append(trial)
    names = max(map(len, ("program type", *by_type)))
    columns = [kfunc.rpartition("_")[2] for kfunc in kfuncs]
    answers = max(
        (len(text) for text in (*columns, *(written_out(str(t["answer"])) for t in trials))),
        default=0,
    )

    def head(name: str, texts: Sequence[str]) -> str:
        return f"{name:<{names}}  " + "".join(f"{text:<{answers}}  " for text in texts)

    lines = [head("program type", columns).rstrip()]
    for name, found in by_type.items():
        details = dict.fromkeys(str(trial["detail"]) for trial in found if trial["detail"])
        lines += _beside(
            head(name, [written_out(str(trial["answer"])) for trial in found]),
            [written_out(detail) for detail in details],
            width,
        )
    return [*lines, "", *_wrapped(f"kfuncs: {', '.join(kfuncs)}", width)]


def _beside(head: str, texts: Sequence[str], width: int) -> list[str]:
    """Texts in a column right of a head, folded at the width; below it where that is too narrow."""
    if not any(texts):
        return [head.rstrip()]
    if width - len(head) < _LEAST_TEXT_WIDTH:
        folded = [line for text in texts for line in _wrapped(text, width - 4)]
        return [head.rstrip(), *(f"    {line}" for line in folded)]
    folded = [line for text in texts for line in _wrapped(text, width - len(head))]
    return [f"{head if not at else ' ' * len(head)}{line}" for at, line in enumerate(folded)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, _LEAST_TEXT_WIDTH), break_long_words=False, break_on_hyphens=False
    )
