"""The Reads pane: how many reads succeeded at the trigger and in the callback, and what that rescued."""

from __future__ import annotations

from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line

_LABEL_WIDTH = 16
_PERCENT_WIDTH = 7
_MAX_BAR = 40
_NOTES_FROM = 52


def _share_line(label: str, good: int, bad: int, width: int, glyphs: Glyphs, role: str) -> Line:
    tried = good + bad
    room = min(width - _LABEL_WIDTH - _PERCENT_WIDTH, _MAX_BAR)
    share = good / tried if tried else None
    filled = round((share or 0) * room)
    # A bar is only full or empty when every read went that way.
    if share is not None and room > 1:
        filled = min(max(filled, 1 if good else 0), room - 1 if bad else room)
    shown = glyphs.dash if share is None else text.percent(share)
    return (
        (f"{label:<{_LABEL_WIDTH}}", ""),
        (glyphs.resume_bar * filled, role),
        (glyphs.empty_bar * max(room - filled, 0), "dim"),
        (shown.rjust(_PERCENT_WIDTH), "dim" if share is None else ""),
    )


def _number_line(label: str, value: int, note: str, role: str, width: int) -> Line:
    shown = text.count(value, 11)
    line: Line = (
        (f"{label:<{_LABEL_WIDTH}}", ""),
        (f"{shown:>11}", role if value else "dim"),
    )
    # All of the notes or none: a single one would look like a warning.
    return (*line, (f"  {note}", "dim")) if width >= _NOTES_FROM else line


def reads_lines(snapshot: Snapshot, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Two bars of shares, then the numbers, most telling first."""
    total = snapshot.total
    lines = [
        _share_line("at the trigger", total.nofault_ok, total.nofault_fault, width, glyphs, ""),
        _share_line("in the callback", total.read_ok, total.read_fault, width, glyphs, "rescued"),
        _number_line(
            f"rescued {glyphs.rescued}", total.rescued, "only task work read it", "rescued", width
        ),
        _number_line("truncated", total.truncated, "target had more", "warn", width),
        _number_line("faulted", total.read_fault, "in the callback too", "warn", width),
        _number_line("not needed", total.not_needed, "read without a callback", "", width),
    ]
    if total.in_call:
        lines.append(_number_line("in call", total.in_call, "to be read at its end", "", width))
    errors = sorted(total.errors.items(), key=lambda item: -item[1])
    for name, number in errors[:4]:
        lines.append(_number_line(name, number, "", "warn", width))
    return lines[:height]
