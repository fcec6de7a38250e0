"""What an event brought, as one line of text: a string, bytes, a number, or why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twtui.harmless import written_out
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import frames_of, stack_text
from twtui.model.display import display_text
from twtui.model.enums import EventFlag
from twtui.model.event import NOT_TRIED, Event, read_outcome
from twtui.ui.escape import escape_bytes
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Span, fit, width_of
from twtui.ui.text import plural

Names = Mapping[tuple[int, int], str]
"""Of stack addresses, by process (0: the kernel) and address."""


def number_text(data: bytes, capture: str) -> str | None:
    """The value of a numeric capture (little endian, as the machine has it); None for any other."""
    read = read_of(capture)
    value = decode_number(read, data)
    if value is None:
        return None
    return f"0x{value:x}" if read is Read.POINTER else f"{value:,} (0x{value & (1 << 64) - 1:x})"


def failure(event: Event) -> str:
    """Why there is no data of the callback; empty when there is."""
    if event.flags & EventFlag.GONE:
        return "memory gone"
    result = event.result
    if result == NOT_TRIED:
        result = event.nofault
    outcome = read_outcome(result)
    return "" if outcome in (None, "ok") else outcome or ""


def withheld(event: Event) -> str:
    """How much was read but not kept; empty where all that was read is here."""
    number = event.withheld_bytes
    return f"{plural(number, 'byte')}, not kept" if number else ""


def mark(event: Event, glyphs: Glyphs) -> Span:
    """One cell: rescued, a kept copy, failed, or nothing special."""
    if event.flags & EventFlag.KEPT:
        return glyphs.kept, "warn"
    if failure(event):
        return glyphs.failed, "bad"
    if event.rescued:
        return glyphs.rescued, "rescued"
    return " ", ""


def payload_spans(
    event: Event, capture: str, width: int, glyphs: Glyphs, names: Names = MappingProxyType({})
) -> list[Span]:
    """At most ``width`` cells: the escaped data in quotes, then what is special about it."""
    problem = failure(event)
    notes: list[Span] = []
    if problem:
        notes.append((problem, "bad"))
    elif event.flags & EventFlag.KEPT:
        notes.append(("kept copy", "warn"))
    # of a stack one line shows the newest frame, and that is whole
    newest = (
        None
        if problem or event.withheld_bytes
        else display_text(event.data, capture) or stack_text(event, read_of(capture), names)
    )
    if event.truncated and newest is None:
        of = f" of {event.wanted_bytes:,}" if event.wanted_bytes else ""
        notes.append((f"{event.length:,}{of} B", "warn"))
    note_width = sum(width_of(text) + 2 for text, _ in notes)
    number = number_text(event.data, capture)
    if number is not None:
        spans: list[Span] = [(fit(number, min(width_of(number), width)), "")]
    elif newest is not None:
        newest = written_out(newest)
        spans = [(fit(newest, min(width_of(newest), width), ellipsis=glyphs.ellipsis), "")]
    elif event.withheld_bytes:
        spans = [(fit(withheld(event), min(width_of(withheld(event)), width)), "dim")]
    elif event.data or not problem:
        spans = _quoted(event, max(width - note_width, min(width, 12)), glyphs)
    else:
        spans = []
    room = width - sum(width_of(text) for text, _ in spans)
    for text, role in notes:
        gap = "  " if spans else ""
        if room > len(gap):
            shown = fit(gap + text, min(width_of(gap + text), room), ellipsis=glyphs.ellipsis)
            spans.append((shown, role))
            room -= width_of(shown)
    return spans


def copy_text(event: Event, capture: str, names: Names = MappingProxyType({})) -> str:
    """All that an event brought, as text that can be pasted anywhere: escaped, frames a line each."""
    number = number_text(event.data, capture)
    if number is not None:
        return number
    if event.withheld_bytes:
        return withheld(event)
    frames = frames_of(event, read_of(capture), names)
    if frames:
        return "\n".join(map(written_out, frames))
    return escape_bytes(event.data) or failure(event)


def _quoted(event: Event, width: int, glyphs: Glyphs) -> list[Span]:
    # No byte takes less than a quarter of a cell, so more than this cannot be seen.
    escaped = escape_bytes(event.data, width * 4)
    closing = f'"{glyphs.ellipsis}' if event.truncated else '"'
    room = width - 1 - width_of(closing)
    if width_of(escaped) <= room:
        return [(f'"{escaped}{closing}', "")]
    return [('"' + fit(escaped, max(room + 1, 1), ellipsis=glyphs.ellipsis), ""), ('"', "")]
