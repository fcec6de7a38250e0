"""Playing a recording by keys: play and hold, wind, step, speed."""

from __future__ import annotations

from twtui.model.playback import MAX_SPEED, MIN_SPEED, Play, Playback, Seek, SetSpeed, Step
from twtui.ui.run import Run

_SECOND_NS = 1_000_000_000


class PlaybackControl:
    """Moves within the recording of a run; does nothing in a run that is none."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def playback(self) -> Playback | None:
        """Where the recording stands; None: this is no recording."""
        return self._run.snapshot.playback

    def toggle(self) -> None:
        """Play, or hold; at the end, play again from the start."""
        if self.playback is not None:
            self._run.submit(Play(not self.playback.playing))

    def wind(self, seconds: int) -> None:
        """On by some seconds, or back."""
        if self.playback is not None:
            self._run.submit(Seek(max(self.playback.at_ns + seconds * _SECOND_NS, 0)))

    def step(self, batches: int) -> None:
        """On to where the next events came, or back; holds."""
        if self.playback is not None:
            self._run.submit(Step(batches))

    def faster(self, factor: float) -> None:
        """Change the speed by a factor."""
        if self.playback is not None:
            speed = min(max(self.playback.speed * factor, MIN_SPEED), MAX_SPEED)
            self._run.submit(SetSpeed(speed))
