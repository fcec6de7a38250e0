"""The replay backend: plays a recording as it happened, faster or slower, and jumps within it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twtui.errors import TwtuiError, UsageError
from twtui.model.batch import Batch
from twtui.model.plan import Command, Plan, Stop
from twtui.model.playback import MAX_SPEED, MIN_SPEED, Play, Playback, Seek, SetSpeed, Step
from twtui.model.snapshot import BackendInfo
from twtui.recording.reader import Recording

_LONGEST_WAIT_S = 0.1


class ReplayBackend:
    """A recording as a run. Implements ``Backend``.

    Args:
        path: The recording.
        reason: What the title says of it; empty: its name.
        speed: Times as fast as it happened; None: as fast as it can be read, without a way back,
            to the end of the run.
        clock: CLOCK_MONOTONIC, ns. With a clock of the caller's, ``poll`` never waits.
    """

    def __init__(
        self,
        path: Path,
        *,
        reason: str = "",
        speed: float | None = 1.0,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._path = path
        self._reason = reason or path.name
        self._paced = speed is not None
        self._speed = speed or 1.0
        self._clock = clock or time.monotonic_ns
        self._waits = clock is None
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._recording: Recording | None = None
        self._closed = False
        self._ended = False
        self._stopping = False
        self._playing = True
        self._number = 0
        """The batch that was delivered last."""
        self._jump: int | None = None
        """The batch to jump to."""
        self._place_ns = 0
        """Where the recording stood at ``_since_ns`` of the clock, CLOCK_MONOTONIC of the run."""
        self._since_ns = 0
        self._news = False
        """Something other than the place has changed, and is to be told."""

    def plan(self) -> Plan:
        """The plan that was recorded.

        Raises:
            TwtuiError: The file is no recording.
        """
        return self._open().meta.plan

    def _open(self) -> Recording:
        if self._recording is None:
            self._recording = Recording(self._path)
        return self._recording

    def open(self, plan: Plan) -> BackendInfo:
        """Read what is said once; see ``Backend.open``. The plan is the recorded one, or is ignored."""
        plan.check()
        recording = self._open()
        self._place_ns, self._since_ns = recording.start_ns, self._clock()
        without = "" if recording.meta.with_data else ", recorded without data"
        return replace(recording.info, reason=self._reason + without)

    def poll(self, timeout_s: float) -> Batch:
        """The next batch when its time has come; see ``Backend.poll``."""
        with self._lock:
            batch = self._take()
            wait_s = 0.0 if batch is not None or not self._waits else self._due_in_s(timeout_s)
        if batch is None and wait_s > 0:
            self._wake.wait(wait_s)
            self._wake.clear()
            with self._lock:
                batch = self._take()
        if batch is not None:
            return batch
        with self._lock:
            news, self._news = self._news, False
            playback = self._playback() if self._paced and (news or self._playing) else None
            return Batch(self._now_ns(), playback=playback)

    def _take(self) -> Batch | None:
        """A batch that is due, if one is."""
        if self._closed or self._recording is None:
            raise TwtuiError("the recording was closed")
        if self._ended:
            raise TwtuiError("the recording has ended")
        recording = self._recording
        if self._stopping:
            self._ended = True
            return replace(recording.jump(recording.batch_count), end=True)
        if self._jump is not None:
            number, self._jump = self._jump, None
            self._number = min(number, recording.batch_count)
            return self._delivered(recording.jump(self._number))
        if not self._paced:
            return self._next_of_all(recording)
        if not self._playing:
            return None
        due_ns = recording.places.at_ns(self._number + 1)
        if due_ns is None or due_ns > self._clock_ns():
            return None
        batch = recording.batch(self._number + 1)
        assert batch is not None
        self._number += 1
        return self._delivered(batch)

    def _next_of_all(self, recording: Recording) -> Batch:
        batch = recording.batch(self._number + 1)
        self._number += 1
        if batch is None:
            # cut off, or stopped: the run has no end in it
            batch = Batch(recording.last_ns, end=True)
        self._ended = batch.end
        return batch

    def _delivered(self, batch: Batch) -> Batch:
        self._news = False
        return replace(batch, playback=self._playback())

    def _clock_ns(self) -> int:
        """Where the recording should stand by now, CLOCK_MONOTONIC of the run."""
        if not self._playing:
            return self._place_ns
        return self._place_ns + int((self._clock() - self._since_ns) * self._speed)

    def _now_ns(self) -> int:
        """Where it stands: never behind a batch that was not delivered yet."""
        recording = self._recording
        assert recording is not None
        due_ns = recording.places.at_ns(self._number + 1) if self._jump is None else None
        end_ns = max(recording.last_ns, self._place_ns) if due_ns is None else due_ns - 1
        return max(min(self._clock_ns(), end_ns), min(self._place_ns, end_ns))

    def _playback(self) -> Playback:
        recording = self._recording
        assert recording is not None
        at_end = self._number >= recording.batch_count
        if at_end:
            self._playing = False
            self._place_ns = max(recording.last_ns, recording.start_ns)
        return Playback(
            at_ns=self._now_ns() - recording.start_ns,
            length_ns=max(recording.last_ns - recording.start_ns, 0),
            speed=self._speed,
            playing=self._playing,
            at_end=at_end,
        )

    def _due_in_s(self, timeout_s: float) -> float:
        assert self._recording is not None
        due_ns = self._recording.places.at_ns(self._number + 1) if self._playing else None
        if due_ns is None:
            return timeout_s
        left_s = (due_ns - self._clock_ns()) / self._speed / 1e9
        return max(min(timeout_s, left_s, _LONGEST_WAIT_S), 0.0)

    def send(self, command: Command) -> None:
        """Move within the recording; see ``Backend.send``."""
        with self._lock:
            if self._closed or self._ended or self._recording is None:
                raise UsageError("the recording was closed")
            recording = self._recording
            if not self._paced and not isinstance(command, Stop):
                raise UsageError("it is read as fast as it can be, and cannot be steered")
            self._settle()
            match command:
                case Stop():
                    self._stopping = True
                case Play(playing):
                    if playing and self._number >= recording.batch_count:
                        self._go_to(0, recording.start_ns)
                    self._playing = playing
                case SetSpeed(factor):
                    if not MIN_SPEED <= factor <= MAX_SPEED:
                        raise UsageError(f"speed {factor:g} is out of range", "give 0.01 to 1000")
                    self._speed = factor
                case Seek(at_ns):
                    wanted = recording.start_ns + max(at_ns, 0)
                    wanted = min(wanted, max(recording.last_ns, recording.start_ns))
                    self._go_to(recording.places.number_at(wanted), wanted)
                case Step(batches):
                    self._step(recording, batches)
                case _:
                    raise UsageError(
                        "a recording cannot be changed", "play, stop, step and wind it"
                    )
            self._news = True
        self._wake.set()

    def _settle(self) -> None:
        """Let place and time start anew from now, before the speed changes or the play stops."""
        self._place_ns, self._since_ns = self._now_ns(), self._clock()

    def _go_to(self, number: int, place_ns: int) -> None:
        self._jump, self._place_ns = number, place_ns

    def _step(self, recording: Recording, batches: int) -> None:
        self._playing = False
        number = self._number if self._jump is None else self._jump
        for _ in range(min(abs(batches), recording.batch_count)):
            following = recording.places.number_with_events(number, batches > 0)
            if not following:
                number = recording.batch_count if batches > 0 else 0
                break
            number = following
        if number != self._number:
            self._go_to(number, recording.places.at_ns(number) or recording.start_ns)

    def close(self) -> None:
        """Close the file. Idempotent; a ``poll`` under way ends at once."""
        self._closed = True
        self._wake.set()
        with self._lock:
            if self._recording is not None:
                self._recording.close()
