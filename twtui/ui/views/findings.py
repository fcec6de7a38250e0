"""What stands in the way, and what fixes it: the doctor's checks as lines of a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from twtui.harmless import written_out
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line

Check = Mapping[str, Any]
"""As the doctor reports it: ``name``, ``answer`` (yes, no, unknown), ``detail``, ``fix``, ``required``."""
_INDENT = 4
_MEANWHILE = (
    ("demo", "the screens over recorded data"),
    ("replay", "a recording of yours"),
    ("check", "look again, after a fix"),
)
"""What works all the same, by the id of its key."""


def _wrapped(text: str, role: str, width: int, indent: int) -> list[Line]:
    parts = textwrap.wrap(written_out(text), max(width - indent, 20)) or [""]
    return [((" " * indent + part, role),) for part in parts]


def _stands_in_the_way(check: Check) -> bool:
    return check["answer"] == "no" and bool(check.get("required"))


def _check_lines(check: Check, name_width: int, width: int, glyphs: Glyphs) -> list[Line]:
    sign, role = ("?", "warn") if check["answer"] == "unknown" else (glyphs.warning, "warn")
    if _stands_in_the_way(check):
        sign, role = glyphs.failed, "bad"
    name = written_out(str(check["name"]))
    indent = _INDENT + name_width + 2
    first, *rest = _wrapped(str(check["detail"] or check["answer"]), "", width, indent)
    text = first[0][0][indent:]
    fix = _wrapped(f"fix: {check['fix']}", "strong", width, indent) if check["fix"] else []
    return [((f"  {sign} ", role), (f"{name:<{name_width}}  ", "head"), (text, "")), *rest, *fix]


def findings_lines(
    checks: Sequence[Check],
    message: str,
    hint: str,
    width: int,
    glyphs: Glyphs,
    keys: KeyMap = AS_SHIPPED,
) -> list[Line]:
    """What is missing, with its fix; what else is not well, and what is; what can be done without it.

    Args:
        checks: All of them, in their order.
        message: What stands in the way, in one line.
        hint: What to do about it.
        width: Cells of a line.
        glyphs: The signs to draw with.
        keys: The keys for what can be done without it.
    """
    said = (message, hint)
    wrong = [
        check
        for check in checks
        if check["answer"] != "yes" and (check["detail"], check["fix"]) != said
    ]
    lines: list[Line] = [
        ((f"{glyphs.failed} Nothing can be watched here yet: {written_out(message)}", "bad"),),
        *(_wrapped(f"fix: {hint}", "strong", width, 2) if hint else ()),
        (),
    ]
    name_width = max((len(str(check["name"])) for check in wrong), default=0)
    # what stands in the way comes before what would only be better
    for check in sorted(wrong, key=lambda check: not _stands_in_the_way(check)):
        lines += _check_lines(check, name_width, width, glyphs)
    well = ", ".join(
        written_out(str(check["name"])) for check in checks if check["answer"] == "yes"
    )
    if well:
        first, *rest = _wrapped(well, "dim", width, _INDENT)
        text = first[0][0][_INDENT:]
        lines += [*([()] if wrong else []), ((f"  {glyphs.holds} ", "good"), (text, "dim")), *rest]
    lines += [(), (("  Meanwhile:", "head"),)]
    ways = [(keys.text(key_id), what) for key_id, what in _MEANWHILE]
    key_width = max(len(key) for key, _ in ways)
    return [*lines, *(((f"  {key:<{key_width}}", "key"), (f"  {what}", "")) for key, what in ways)]
