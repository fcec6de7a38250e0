"""Events as comma-separated values, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from twtui.export import captured_bytes
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import functions_of
from twtui.model.enums import EventFlag
from twtui.model.event import Event, read_outcome

COLUMNS = (
    "ts_ns,pid,tid,comm,cpu,map,mode,trigger,capture,delay_ns,nofault,read,rescued,len,truncated,"
    "gone,kept,value,data,encoding"
).split(",")
_FORMULA = tuple("=+-@\t\r\n|%")
"""A cell that begins with one of these may be run by a spreadsheet."""


def safe(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def table(
    batches: Iterable[tuple[list[Event], Mapping[int, tuple[str, str]]]], with_data: bool = True
) -> Iterator[str]:
    """The heading, then a record per event; records end with CR LF (RFC 4180).

    Args:
        batches: Events with the captures that hold for them.
        with_data: False leaves out what was read.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for events, captures in batches:
        for event in events:
            writer.writerow(_cells(event, captures, with_data))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(
    event: Event, captures: Mapping[int, tuple[str, str]], with_data: bool
) -> list[str | int | None]:
    trigger, capture = captures.get(event.capture, ("", "none"))
    read = read_of(capture)
    data = captured_bytes(event, read)
    number, text, encoding = None, "", ""
    if with_data and data is not None:
        number, text, encoding = _content(data, read)
    return [
        event.trigger_ns,
        event.pid,
        event.tid,
        safe(event.comm.decode("utf-8", "backslashreplace")),
        event.trigger_cpu,
        str(event.map_kind),
        str(event.mode),
        safe(trigger),
        safe(capture),
        event.delay_ns,
        read_outcome(event.nofault),
        read_outcome(event.result),
        int(event.rescued),
        len(data or b""),
        int(event.truncated),
        int(bool(event.flags & EventFlag.GONE)),
        int(bool(event.flags & EventFlag.KEPT)),
        number,
        safe(text),
        encoding,
    ]


def _content(data: bytes, read: Read) -> tuple[int | None, str, str]:
    """A number; or a text, and how the bytes became it."""
    number = decode_number(read, data)
    if number is not None:
        return number, "", ""
    if read in (Read.STACK, Read.PYTHON):
        return None, ";".join(functions_of(data, read)), "frames"
    if read is Read.NONE:
        return None, "", ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None, data.hex(), "hex"
    # spreadsheets and many parsers end a cell, or the file, at a NUL
    return (None, data.hex(), "hex") if "\0" in text else (None, text, "utf-8")
