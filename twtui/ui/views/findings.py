"""What stands in the way, and what fixes it: the doctor's checks as lines of a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from twtui.harmless import written_out
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line

Check = Mapping[str, Any]
"""As the doctor reports it: ``name``, ``answer`` (yes, no, unknown), ``detail``, ``fix``, ``required``."""
_INDENT = 4


def _wrapped(text: str, role: str, width: int, indent: int) -> list[Line]:
    parts = textwrap.wrap(written_out(text), max(width - indent, 20)) or [""]
    return [((" " * indent + part, role),) for part in parts]


def findings_lines(
    checks: Sequence[Check], message: str, hint: str, width: int, glyphs: Glyphs
) -> list[Line]:
    """What is missing first, with its fix; then every check; then what can be done without it.

    Args:
        checks: All of them, in their order.
        message: What stands in the way, in one line.
        hint: What to do about it.
        width: Cells of a line.
        glyphs: The signs to draw with.
    """
    lines: list[Line] = [
        ((f"{glyphs.failed} Nothing can be watched here yet: {written_out(message)}", "bad"),),
        *(_wrapped(f"fix: {hint}", "strong", width, 2) if hint else ()),
        (),
    ]
    name_width = max((len(str(check["name"])) for check in checks), default=0)
    signs = {"yes": (glyphs.holds, "good"), "no": (glyphs.failed, "bad")}
    for check in checks:
        sign, role = signs.get(str(check["answer"]), ("?", "warn"))
        if check["answer"] == "no" and not check.get("required"):
            sign, role = glyphs.warning, "warn"
        name = written_out(str(check["name"]))
        indent = _INDENT + name_width + 2
        first, *rest = _wrapped(str(check["detail"] or check["answer"]), "", width, indent)
        text = first[0][0][indent:]
        lines.append(((f"  {sign} ", role), (f"{name:<{name_width}}  ", "head"), (text, "")))
        lines += rest
        if check["fix"] and check["answer"] != "yes":
            lines += _wrapped(f"fix: {check['fix']}", "strong", width, indent)
    return [
        *lines,
        (),
        (("  Meanwhile:", "head"),),
        (("  enter", "key"), ("  the screens over recorded data", "")),
        (("  r    ", "key"), ("  a recording of yours", "")),
        (("  c    ", "key"), ("  look again, after a fix", "")),
    ]
