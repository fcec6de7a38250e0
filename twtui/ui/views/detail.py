"""Everything that is known about one event, line by line, and its bytes as a hexdump."""

from __future__ import annotations

from twtui.harmless import written_out
from twtui.model.capture import Read, read_of
from twtui.model.content import frames_of
from twtui.model.enums import EventFlag, StackEnd
from twtui.model.event import Event, read_outcome
from twtui.model.registers import named_registers
from twtui.ui import text
from twtui.ui.escape import escape_bytes, fold, hexdump
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line, fit
from twtui.ui.views.captured import Sources
from twtui.ui.views.payload import failure, number_text, withheld
from twtui.ui.views.timeline import DRAWN_FROM, timeline_lines

_LABEL_WIDTH = 16
_REGISTER_WIDTH = 29


def _field(label: str, value: str, role: str = "") -> Line:
    return ((f"{label:<{_LABEL_WIDTH}}", "head"), (value, role))


def _read_text(result: int) -> str:
    outcome = read_outcome(result)
    if outcome is None:
        return "not tried"
    return text.plural(result, "byte") if outcome == "ok" else outcome


def _times(event: Event, sources: Sources, glyphs: Glyphs) -> list[Line]:
    when = text.wall_time(event.trigger_ns, sources.clock_offset_ns, 6)
    lines = [_field("triggered", f"{when}  on CPU {event.trigger_cpu}")]
    delay = event.delay_ns
    if delay is None:
        where = "end of the call" if event.read_at_exit else "trigger"
        lines.append(_field("callback", f"none needed: the read at the {where} was enough"))
    else:
        ran = text.wall_time(event.ran_ns, sources.clock_offset_ns, 6)
        later = text.duration(delay, glyphs.ascii_only)
        lines.append(_field("callback ran", f"{ran}  on CPU {event.ran_cpu}, {later} later"))
    return lines


_STACK_ENDS: dict[int, str] = {
    StackEnd.FAULT: "the stack ends at a frame that could not be read",
    StackEnd.LIMIT: "the stack has more frames than are kept",
}


def _verdict(event: Event, read: Read, glyphs: Glyphs) -> list[Line]:
    lines = []
    if event.rescued:
        lines.append(
            _field(
                "", f"{glyphs.rescued} rescued: not resident at the trigger, read later", "rescued"
            )
        )
    if event.flags & EventFlag.GONE:
        lines.append(_field("", f"{glyphs.failed} the memory of the trigger was gone", "bad"))
    if event.flags & EventFlag.KEPT:
        lines.append(
            _field("", f"{glyphs.kept} these bytes are the copy read at the trigger", "warn")
        )
    if read is Read.STACK:
        if ends := _STACK_ENDS.get(event.wanted_bytes):
            lines.append(_field("", ends, "warn"))
    elif event.truncated:
        wanted = f" of {event.wanted_bytes:,}" if event.wanted_bytes else ""
        lines.append(_field("", f"truncated: {event.length:,}{wanted} bytes kept", "warn"))
    return lines


def detail_lines(
    event: Event, sources: Sources, width: int, glyphs: Glyphs, arrived_ns: int | None = None
) -> list[Line]:
    """The fields, then the data as text, then the data as a hexdump.

    Args:
        event: What to show.
        sources: What its numbers refer to.
        width: Cells of a line.
        glyphs: The signs to draw with.
        arrived_ns: When its record was taken from the ring buffer, CLOCK_MONOTONIC; None when that
            is not known.
    """
    drawn = width >= DRAWN_FROM
    name = written_out(event.comm.decode("utf-8", "surrogateescape"))
    capture = sources.capture(event)
    lines = timeline_lines(event, sources, arrived_ns, width, glyphs) if drawn else []
    lines += [
        *([()] if drawn else ()),
        _field("thread", f"{name}  {event.tid} of process {event.pid}", "strong"),
        *(() if drawn else _times(event, sources, glyphs)),
        _field("map and mode", f"{event.map_kind}, {event.mode}"),
        _field("trigger", written_out(sources.trigger(event)) or "not known"),
        _field("capture", f"{written_out(capture) or 'not known'}  at 0x{event.address:x}"),
        _field("at the trigger", _read_text(event.nofault)),
        _field(
            "at call's end" if event.read_at_exit else "in the callback",
            _read_text(event.result),
            "bad" if failure(event) else "",
        ),
        *_verdict(event, read_of(capture), glyphs),
        (),
    ]
    if event.withheld_bytes:
        return [*lines, ((withheld(event), "dim"),)]
    value = number_text(event.data, capture)
    if value is not None:
        lines += [_field("value", value, "strong"), ()]
    frames = frames_of(event, read_of(capture), sources.names)
    if frames:
        lines.append(((text.plural(len(frames), "frame") + ", newest first", "head"),))
        lines += [
            ((f"  {part}", ""),)
            for f in frames
            for part in fold(written_out(f), max(width - 2, 10))
        ]
        lines.append(())
    if not event.data:
        return [*lines, (("no data", "dim"),), *_registers(event, width)]
    lines.append(((f"{len(event.data):,} bytes as text", "head"),))
    escaped = escape_bytes(event.data)
    lines += [((f"  {part}", ""),) for part in fold(escaped, max(width - 2, 10))]
    lines += [(), (("hexdump", "head"),)]
    for offset, digits, characters in hexdump(event.data):
        dots = characters.replace("·", glyphs.separator)
        lines.append(((f"  {offset}  ", "dim"), (f"{digits}  ", ""), (fit(dots, 16), "strong")))
    return lines + _registers(event, width)


def _registers(event: Event, width: int) -> list[Line]:
    """The registers that the trigger found, as many to a line as fit."""
    cells = [
        ((f"  {name:>8} ", "dim"), (f"0x{value:016x}", "" if value else "dim"))
        for name, value in named_registers(event.registers).items()
    ]
    if not cells:
        return []
    beside = max(1, width // _REGISTER_WIDTH)
    rows = [sum(cells[at : at + beside], ()) for at in range(0, len(cells), beside)]
    return [(), (("user registers at the trigger", "head"),), *rows]
