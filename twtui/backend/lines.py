"""The backend behind ``replay -``: JSON Lines as ``record --json`` prints them, live or from a file."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Mapping
from typing import Any

from twtui.backend.line_ledger import LineLedger
from twtui.backend.line_values import FrameAddresses, event_of, reading_of
from twtui.errors import TwtuiError, UsageError
from twtui.model.batch import Batch, Reading
from twtui.model.bounds import I64, text, whole
from twtui.model.enums import Mode
from twtui.model.event import Event
from twtui.model.plan import Command, Plan, Stop
from twtui.model.snapshot import BackendInfo
from twtui.wire.layout import CAPTURES, pack_record

_READ_BYTES = 1 << 16
_MAX_LINE_BYTES = 4 << 20
_HEADER_TIMEOUT_S = 120.0
_POLL_S = 0.2


class LinesBackend:
    """A run somewhere else, read from a file descriptor. Implements ``Backend``.

    Args:
        descriptor: Open for reading; stays open.
        reason: What the title says of it.
    """

    def __init__(self, descriptor: int, reason: str = "JSON Lines from standard input") -> None:
        self._descriptor = descriptor
        self._reason = reason
        self._waiting = bytearray()
        self._lines = 0
        self._eof = False
        self._ended = False
        self._stopping = False
        self._closed = threading.Event()
        self._header: dict[str, Any] | None = None
        self._mode = ""
        self._captures: dict[tuple[str, str], int] = {}
        self._reading: Reading | None = None
        """The last one that a line brought; without any, events are counted."""
        self._addresses = FrameAddresses()
        self._at_ns = 0
        self._failure: TwtuiError | None = None
        self._done: list[dict[str, Any]] = []
        """Lines that came with the header."""
        self.whole = False
        """The run came to its end in order, and its summary was read."""

    def plan(self) -> Plan:
        """The plan in the header; waits for it.

        Raises:
            TwtuiError: The first line is no header, or none comes.
        """
        if self._header is None:
            deadline_s = time.monotonic() + _HEADER_TIMEOUT_S
            while not self._done and not self._eof and time.monotonic() < deadline_s:
                self._done += self._read(_POLL_S)
            if not self._done or self._done[0].get("type") != "header":
                raise TwtuiError(
                    "standard input does not begin with a header of JSON Lines",
                    "pipe twtui record --json into it",
                )
            self._header = self._done.pop(0)
        try:
            return Plan.from_wire(self._header["plan"])
        except KeyError:
            raise self._broken("the header has no plan") from None

    def open(self, plan: Plan) -> BackendInfo:
        """Read the header; see ``Backend.open``. The plan is the one in the header."""
        plan.check()
        self.plan()
        assert self._header is not None
        self._ledger = LineLedger(plan)
        try:
            return BackendInfo(
                "replay",
                self._reason,
                str(self._header.get("kernel", "")),
                str(self._header.get("kfunc_variant", "")),
                str(self._header.get("bcc", "")),
                whole(self._header.get("clock_offset_ns", 0), I64, -I64),
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise self._broken(text(error, 200)) from None

    def poll(self, timeout_s: float) -> Batch:
        """What has come; see ``Backend.poll``."""
        if self._closed.is_set():
            raise TwtuiError("the replay was closed")
        if self._ended:
            raise TwtuiError("the lines have ended")
        lines, self._done = self._done, []
        if not lines and not self._stopping and not self._eof:
            lines = self._read(timeout_s)
        return self._batch(lines)

    def _batch(self, lines: list[dict[str, Any]]) -> Batch:
        new: dict[int, tuple[str, str]] = {}
        events: list[Event] = []
        notes: list[str] = []
        reading = None
        mode = ""
        end = self._stopping
        try:
            for line in lines:
                match line.get("type"):
                    case "event":
                        events.append(event_of(line, self._index(line, new), self._addresses))
                        self._ledger.add(events[-1])
                        self._at_ns = max(self._at_ns, events[-1].trigger_ns, events[-1].ran_ns)
                    case "reading":
                        reading = self._reading = reading_of(line)
                        self._at_ns = max(self._at_ns, whole(line["ts_ns"], I64))
                        if line.get("mode") and line["mode"] != self._mode:
                            mode = self._mode = str(Mode(line["mode"]))
                    case "summary":
                        end = True
                        self.whole = not line.get("error") and not line.get("cut_off")
                        if self._reading is None:
                            reading = self._ledger.final(line)
                        notes += self._unwritten(line)
            records = b"".join(map(pack_record, events))
            if events and self._reading is None:
                reading = reading or self._ledger.reading()
                newest = max(events, key=lambda event: event.trigger_ns).mode
                if newest != self._mode:
                    mode = self._mode = str(newest)
        except Exception as error:  # whatever a broken line holds, it is said in one line
            raise self._broken(f"{type(error).__name__}: {text(error, 200)}") from None
        if self._eof and not self._done and not end:
            end = True
            notes.append("the lines ended without a summary: the run was cut off")
        self._ended = end
        return Batch(
            at_ns=self._at_ns,
            records=records,
            reading=reading or (self._reading if end else None),
            captures=new,
            names={
                (event.pid, address): name
                for name, address in self._addresses.take_new().items()
                for event in events
            },
            mode=mode,
            notes=tuple(notes),
            end=end,
        )

    def _unwritten(self, summary: Mapping[str, Any]) -> list[str]:
        notes = []
        if unwritten := whole(summary.get("unwritten", 0)):
            notes.append(f"{unwritten:,} events are not in the lines: they were read too slowly")
        if summary.get("cut_off"):
            notes.append("the lines hold no end of the run: it was cut off")
        if error := summary.get("error"):
            notes.append(text(f"the run failed: {error}"))
        return notes

    def _index(self, line: Mapping[str, Any], new: dict[int, tuple[str, str]]) -> int:
        texts = (text(line["trigger"]), text(line.get("capture", "")) or _capture_of(line))
        index = self._captures.get(texts)
        if index is None:
            index = len(self._captures)
            if index == CAPTURES:  # more than a run can have: the last one changes
                index -= 1
                self._captures.popitem()
            self._captures[texts] = index
            new[index] = texts
        return index

    def _read(self, timeout_s: float) -> list[dict[str, Any]]:
        """The lines that have come, after at most one wait."""
        if self._failure is not None:
            raise self._failure
        deadline_s = time.monotonic() + timeout_s
        while not select.select([self._descriptor], [], [], min(timeout_s, _POLL_S))[0]:
            if self._closed.is_set() or time.monotonic() >= deadline_s:
                return []
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return []
        self._eof = not data
        self._waiting += data
        *lines, rest = self._waiting.split(b"\n")
        if self._eof and rest.strip():
            lines, rest = [*lines, rest], bytearray()
        if len(rest) > _MAX_LINE_BYTES:
            raise self._broken("it is too long")
        self._waiting = bytearray(rest)
        found = []
        for line in lines:
            self._lines += 1
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                if self._eof and line is lines[-1]:
                    break  # the last one was cut off
                # what came before it is still shown
                self._failure = self._broken("it is not a JSON object")
                break
            found.append(value)
        return found

    def _broken(self, why: str) -> TwtuiError:
        return TwtuiError(
            f"standard input, about line {self._lines}, is not of twtui: {why}",
            "pipe twtui record --json into it",
        )

    def send(self, command: Command) -> None:
        """Only the end can be asked for; see ``Backend.send``."""
        if self._closed.is_set() or self._ended:
            raise UsageError("the replay was closed")
        if not isinstance(command, Stop):
            raise UsageError(
                "what runs elsewhere cannot be changed from here", "change it where it is recorded"
            )
        self._stopping = True

    def close(self) -> None:
        """Read nothing any more. Idempotent."""
        self._closed.set()


def _capture_of(line: Mapping[str, Any]) -> str:
    """A capture whose data looks as this line's does, where the line does not name its own."""
    if "value" in line:
        return "i64(sp)"
    if frames := line.get("frames"):
        return "python" if isinstance(frames[0], dict) else "stack"
    return "bytes(sp, 4096)" if "text" in line or "hex" in line else "none"
