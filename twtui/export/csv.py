"""Events as comma-separated values, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from twtui.export.json_lines import captured_bytes, captured_length
from twtui.harmless import quoted, written_out
from twtui.model.batch import Batch
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import Names, functions_of, named_frames
from twtui.model.enums import EventFlag
from twtui.model.event import Event, read_outcome

COLUMNS = (
    "ts_ns,pid,tid,comm,cpu,map,mode,trigger,capture,delay_ns,nofault,read,rescued,len,truncated,"
    "gone,kept,value,data,encoding"
).split(",")
_FORMULA = frozenset("=+-@\t\r\n|%")
"""A cell that begins with one of these, wide or narrow, may be run by a spreadsheet."""
_LATER = re.compile(r"[;\t\n]\s*([^\s;])")
"""What would begin a cell where other signs than the comma part cells."""


def safe(text: str) -> str:
    """The text with an apostrophe before it, where a spreadsheet would take it for a formula."""
    return f"'{text}" if _runs(text.lstrip(" ")[:1]) else text


def _runs(character: str) -> bool:
    # full-width and small forms are taken for the plain ones
    return unicodedata.normalize("NFKC", character) in _FORMULA


def _stays(text: str) -> bool:
    """Neither a terminal nor a spreadsheet does anything with the text but show it."""
    lines = text.replace("\r\n", "\n").replace("\n", " ").replace("\t", " ")
    if written_out(lines) != lines:
        return False
    return not any(_runs(found[1]) for found in _LATER.finditer(text))


def table(
    batches: Iterable[tuple[Batch, list[Event], Mapping[int, tuple[str, str]]]],
    with_data: bool = True,
) -> Iterator[str]:
    """The heading, then a record per event; records end with CR LF (RFC 4180).

    Args:
        batches: With their events and the captures that hold for these.
        with_data: False leaves out what was read.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    names: dict[tuple[int, int], str] = {}
    for batch, events, captures in batches:
        names.update(batch.names)
        for event in events:
            writer.writerow(_cells(event, captures, with_data, names))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(
    event: Event, captures: Mapping[int, tuple[str, str]], with_data: bool, names: Names
) -> list[str | int | None]:
    trigger, capture = captures.get(event.capture, ("", "none"))
    read = read_of(capture)
    data = captured_bytes(event, read)
    number, text, encoding = None, "", ""
    if with_data and data is not None and not event.withheld_bytes:
        number, text, encoding = _content(data, read, event.pid, names)
    return [
        event.trigger_ns,
        event.pid,
        event.tid,
        _cell(written_out(event.comm.decode("utf-8", "surrogateescape"))),
        event.trigger_cpu,
        str(event.map_kind),
        str(event.mode),
        _cell(written_out(trigger)),
        _cell(written_out(capture)),
        event.delay_ns,
        read_outcome(event.nofault),
        read_outcome(event.result),
        int(event.rescued),
        captured_length(event, data),
        int(event.truncated),
        int(bool(event.flags & EventFlag.GONE)),
        int(bool(event.flags & EventFlag.KEPT)),
        number,
        safe(text),
        encoding,
    ]


def _content(data: bytes, read: Read, pid: int, names: Names) -> tuple[int | None, str, str]:
    """A number; or a text, and how the bytes became it."""
    number = decode_number(read, data)
    if number is not None:
        return number, "", ""
    if read in (Read.STACK, Read.PYTHON):
        stack = read is Read.STACK
        frames = named_frames(data, pid, names) if stack else functions_of(data, read)
        return None, ";".join(map(_frame, frames)), "frames"
    if read is Read.NONE:
        return None, "", ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None, data.hex(), "hex"
    # spreadsheets and many parsers end a cell, or the file, at a NUL
    if "\0" in text:
        return None, data.hex(), "hex"
    return (None, text, "utf-8") if _stays(text) else (None, _escaped(text), "escaped")


def _escaped(text: str) -> str:
    """One line, one to one, in one cell whatever parts cells."""
    return quoted(text).replace(";", "\\x3b")


def _cell(text: str) -> str:
    """A text whose column says nothing of how it is written."""
    return safe(text if _stays(text) else _escaped(text))


def _frame(name: str) -> str:
    """A function; a semicolon stands between two."""
    return safe(_escaped(name))
