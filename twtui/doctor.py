"""The doctor command: checks as a table or as JSON, and the one that stands in the way of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError

Check = Mapping[str, Any]
"""``name``, ``answer`` (yes, no, unknown), ``detail``, ``fix``, ``required``, and ``exit_code``."""
_FIELDS = ("name", "answer", "detail", "fix", "required")


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


def report(checks: Sequence[Check], as_json: bool) -> str:
    """Everything that was checked, for standard output."""
    if as_json:
        shown = [{name: check.get(name) for name in _FIELDS} for check in checks]
        return json.dumps({"checks": shown}, indent=2) + "\n"
    width = max((len(str(check["name"])) for check in checks), default=0)
    lines = []
    for check in checks:
        lines.append(f"{check['answer']:<8} {check['name']:<{width}}  {check['detail']}".rstrip())
        if check["fix"] and check["answer"] != "yes":
            lines.append(f"{'':<8} {'':<{width}}  fix: {check['fix']}")
    problem = first_obstacle(checks)
    lines += ["", f"twtui cannot run here: {problem.message}" if problem else "twtui works here"]
    return "\n".join(lines) + "\n"
