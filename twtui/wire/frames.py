"""Frames between the user process and the kernel process: length, kind, version, payload; sizes checked."""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import Any

from twtui.wire.layout import MAX_FRAME_BYTES, PROTOCOL_VERSION, WireError

_HEADER = struct.Struct("<IHH")
"""Size, kind and version: the same in every version of the protocol."""
_MOST_VERSIONS = 256
"""A number above is no version, but another program's words."""


class FrameKind(IntEnum):
    """What a frame's payload is. Requests go to the kernel process, answers come from it."""

    DOCTOR = 1
    """Request, empty: run the checks."""
    OPEN = 2
    """Request, JSON of a plan."""
    COMMAND = 3
    """Request, JSON of a command."""
    CLOSE = 4
    """Request, empty: end the run and give all of it back; another plan may be opened then."""
    HELLO = 5
    """Request, JSON of ``cache``: whether compiled programs may be kept. The first one of all."""
    PROCESSES = 6
    """Request, empty: which processes there are."""
    FILES = 7
    """Request, JSON of ``pid``: which files the process has mapped."""
    PROGRAMS = 8
    """Request, empty: try every program type."""
    CHECKS = 16
    """Answer to DOCTOR, JSON."""
    INFO = 17
    """Answer to OPEN, JSON: everything is attached."""
    DONE = 18
    """Answer to COMMAND, empty: it was carried out."""
    ERROR = 19
    """Answer to any request, JSON of an error; or, unasked, that the run has failed."""
    BATCH = 20
    """Unasked: ``wire.pack_batch``."""
    WELCOME = 21
    """Answer to HELLO, JSON of ``version`` and ``pid``: those of the kernel process."""
    TABLE = 22
    """Answer to PROCESSES, JSON of ``processes``: a list for each, see ``wire``."""
    PATHS = 23
    """Answer to FILES, JSON of ``paths``; null when they may not be seen."""
    TRIALS = 24
    """Answer to PROGRAMS, JSON."""


REQUESTS = frozenset(kind for kind in FrameKind if kind < FrameKind.CHECKS)
ANSWERS = frozenset(FrameKind) - REQUESTS
MAX_REQUEST_BYTES = 4 << 20
"""A plan of all the targets that a run can have takes a third of it."""


class OtherVersionError(WireError):
    """The other side is a twtui that speaks another version of the protocol."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"the other side speaks protocol version {version}, this twtui {PROTOCOL_VERSION}",
            "install the same version of twtui on both sides",
        )


def pack_frame(kind: FrameKind, payload: bytes = b"") -> bytes:
    """One frame.

    Raises:
        WireError: The payload is larger than any reader accepts.
    """
    if len(payload) > MAX_FRAME_BYTES:
        raise WireError(f"a frame of {len(payload)} bytes")
    return _HEADER.pack(len(payload), kind, PROTOCOL_VERSION) + payload


def pack_json(kind: FrameKind, value: Any) -> bytes:
    """One frame with a JSON payload."""
    return pack_frame(kind, json.dumps(value, separators=(",", ":")).encode())


def unpack_json(payload: bytes) -> dict[str, Any]:
    """The payload of a JSON frame.

    Raises:
        WireError: It is not a JSON object.
    """
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


class FrameReader:
    """Cuts a byte stream into frames. Memory is bounded by the largest frame allowed.

    Args:
        kinds: Those that the other side may send.
        max_bytes: The largest payload it may send.
    """

    def __init__(
        self, kinds: frozenset[FrameKind] = ANSWERS, max_bytes: int = MAX_FRAME_BYTES
    ) -> None:
        self._buffer = bytearray()
        self._kinds = kinds
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> list[tuple[FrameKind, bytes]]:
        """The frames that are complete with these bytes.

        Raises:
            OtherVersionError: Frames, but of another version.
            WireError: An unknown kind, one that is not for us, or a frame that is too large.
        """
        self._buffer += data
        frames = []
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            size, number, version = _HEADER.unpack_from(self._buffer, at)
            if version != PROTOCOL_VERSION and version < _MOST_VERSIONS:
                raise OtherVersionError(version)
            if version != PROTOCOL_VERSION or number not in self._kinds:
                raise WireError(f"unknown frame {number} of version {version}")
            kind = FrameKind(number)
            if size > self._max_bytes:
                raise WireError(f"a frame of {size} bytes")
            start = at + _HEADER.size
            if len(self._buffer) - start < size:
                break
            frames.append((kind, bytes(self._buffer[start : start + size])))
            at = start + size
        del self._buffer[:at]
        return frames
