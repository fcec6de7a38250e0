"""Redaction: parts of what was read are blotted out before anything is written anywhere."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence

from twtui.errors import UsageError
from twtui.model.capture import NUMBER_BYTES, Read, read_of
from twtui.model.event import Event
from twtui.model.python_frames import BrokenFramesError, PythonFrame, decode, encode

BLOT = b"*"


class Redaction:
    """Replaces every match by as many asterisks, in strings, bytes and the names of Python frames.

    Registers are left out: nobody can tell what is in them.

    Args:
        text: A regular expression of Python's ``re``, over bytes; characters stand for their UTF-8.

    Raises:
        UsageError: It is none.
    """

    def __init__(self, text: str) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what may mean something else one day
                self._pattern = re.compile(text.encode(errors="surrogateescape"))
        except (re.error, OverflowError, RecursionError, UnicodeEncodeError) as error:
            raise UsageError(
                f"bad regular expression {text!r}: {error}", "write it as for Python's re"
            ) from None

    def of(
        self, events: Sequence[Event], captures: Mapping[int, tuple[str, str]]
    ) -> Sequence[Event]:
        """The events, without what matches.

        Args:
            events: As they came.
            captures: ``Event.capture`` to the texts of trigger and capture.
        """
        reads = {index: read_of(capture) for index, (_, capture) in captures.items()}
        # what is not known to be a number may be text
        return [self._event(event, reads.get(event.capture, Read.BYTES)) for event in events]

    def _event(self, event: Event, read: Read) -> Event:
        event = event._replace(registers=b"") if event.registers else event
        if read is Read.STACK or read in NUMBER_BYTES:
            return event
        data = self._frames(event.data) if read is Read.PYTHON else self._blot(event.data)
        return event if data is event.data else event._replace(data=data)

    def _blot(self, data: bytes) -> bytes:
        blotted, count = self._pattern.subn(lambda found: BLOT * len(found[0]), data)
        return blotted if count else data

    def _frames(self, data: bytes) -> bytes:
        try:
            frames = decode(data)
        except BrokenFramesError:
            return self._blot(data)
        kept = [
            PythonFrame(self._text(frame.function), self._text(frame.file), frame.line)
            for frame in frames
        ]
        return data if tuple(kept) == frames else encode(kept)

    def _text(self, text: str) -> str:
        return self._blot(text.encode()).decode("utf-8", "replace")
