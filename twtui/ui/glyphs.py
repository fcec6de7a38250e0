"""The few signs that the screens draw with, as a table that can be swapped for plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each, except where said otherwise."""

    holds: str = "✓"
    broken: str = "✗"
    live: str = "●"
    waiting: str = "○"
    ended: str = "■"
    paused: str = "‖"
    warning: str = "▲"
    pointer: str = "▸"
    before: str = "◂"
    rescued: str = "◆"
    kept: str = "="
    failed: str = "✗"
    ellipsis: str = "…"
    dash: str = "–"
    approximately: str = "≈"
    separator: str = "·"
    resume_bar: str = "█"
    signal_bar: str = "▒"
    third_bar: str = "▚"
    empty_bar: str = "░"
    sliver: str = "▏"
    """A share too small for a cell of a bar."""
    levels: str = " ▁▂▃▄▅▆▇█"
    """From nothing to full, for graphs of one line."""
    line: str = "─"
    arrow: str = "▸"
    branch: str = "├─ "
    last_branch: str = "└─ "
    trunk: str = "│  "
    """The branches of a tree, three cells each."""
    left: str = "←"
    right: str = "→"
    up: str = "↑"
    down: str = "↓"
    """The arrow keys; as words they take more cells."""
    unequal: str = "≠"
    ascii_only: bool = False


UNICODE = Glyphs()
ASCII = Glyphs(
    holds="+",
    broken="X",
    live="*",
    waiting="o",
    ended="#",
    paused="|",
    warning="!",
    pointer=">",
    before="<",
    rescued="*",
    kept="=",
    failed="X",
    ellipsis="~",
    dash="-",
    approximately="~",
    separator="-",
    resume_bar="#",
    signal_bar=":",
    third_bar="%",
    empty_bar=".",
    sliver="|",
    levels=" .:-=+*#@",
    line="-",
    arrow=">",
    branch="|- ",
    last_branch="`- ",
    trunk="|  ",
    left="left",
    right="right",
    up="up",
    down="down",
    unequal="!=",
    ascii_only=True,
)
