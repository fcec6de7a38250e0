"""Playing a recording: where it stands, and the commands that move it."""

from __future__ import annotations

from dataclasses import dataclass

MIN_SPEED, MAX_SPEED = 0.01, 1000.0


@dataclass(frozen=True, slots=True)
class Play:
    """Go on, or with False stand still."""

    playing: bool = True


@dataclass(frozen=True, slots=True)
class Seek:
    """Go to a moment, and go on from there as before."""

    at_ns: int
    """Since the start of the recording; beyond either end is that end."""


@dataclass(frozen=True, slots=True)
class Step:
    """Stand still, and go this many batches on, or back when negative; batches in which nothing came do not count."""

    batches: int = 1


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """Play this many times as fast as it happened, 0.01 to 1,000."""

    factor: float


PlaybackCommand = Play | Seek | Step | SetSpeed


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a recording stands that is being played. All times are since its start."""

    at_ns: int
    length_ns: int
    """Of the whole recording; 0: not known, it is still coming."""
    speed: float = 1.0
    playing: bool = True
    at_end: bool = False
    """There is nothing behind this; a jump back is still possible."""
