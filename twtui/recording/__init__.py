"""Recordings: one SQLite file with everything that a run delivered, written while it runs, read lazily."""

from twtui.recording.reader import Recording
from twtui.recording.recorder import Options, Recorder, RecordingState

__all__ = ["Options", "Recorder", "Recording", "RecordingState"]
