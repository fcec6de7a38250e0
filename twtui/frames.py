"""Frames between the user process and the kernel process: length, kind, version, payload; sizes checked."""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import Any

from twtui.wire import MAX_FRAME_BYTES, PROTOCOL_VERSION, WireError

_HEADER = struct.Struct("<IHH")


class FrameKind(IntEnum):
    """What a frame's payload is. Requests go to the kernel process, answers come from it."""

    DOCTOR = 1
    """Request, empty: run the checks."""
    OPEN = 2
    """Request, JSON of a plan."""
    COMMAND = 3
    """Request, JSON of a command."""
    CLOSE = 4
    """Request, empty: end."""
    PROGRAMS = 5
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
    TRIALS = 21
    """Answer to PROGRAMS, JSON."""


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
    except ValueError as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


class FrameReader:
    """Cuts a byte stream into frames. Memory is bounded by the largest frame allowed."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[FrameKind, bytes]]:
        """The frames that are complete with these bytes.

        Raises:
            WireError: Another version, an unknown kind or a frame that is too large.
        """
        self._buffer += data
        frames = []
        at = 0
        while len(self._buffer) - at >= _HEADER.size:
            size, number, version = _HEADER.unpack_from(self._buffer, at)
            if version != PROTOCOL_VERSION:
                raise WireError(f"protocol version {version}, not {PROTOCOL_VERSION}")
            if size > MAX_FRAME_BYTES:
                raise WireError(f"a frame of {size} bytes")
            try:
                kind = FrameKind(number)
            except ValueError:
                raise WireError(f"unknown frame {number}") from None
            start = at + _HEADER.size
            if len(self._buffer) - start < size:
                break
            frames.append((kind, bytes(self._buffer[start : start + size])))
            at = start + size
        del self._buffer[:at]
        return frames
