"""The record command on a clock that steps, over the demo's events."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from twtui.backend.base import Backend
from twtui.backend.demo import DemoBackend
from twtui.commands.output import LineWriter
from twtui.commands.record_run import RecordRun
from twtui.model.batch import Batch
from twtui.model.plan import Plan
from twtui.model.snapshot import Snapshot

from .support import FakeClock, plan


class SteppedDemo(DemoBackend):
    """The demo on a clock that each poll moves by as much as it might have waited."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self._fake = clock

    def poll(self, timeout_s: float) -> Batch:
        self._fake.advance(timeout_s)
        return super().poll(timeout_s)


class Recording:
    """What a recorder wrote and said."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.path, self.clock = path, clock
        self.said: list[str] = []
        self.recorder: RecordRun | None = None

    def run(self, backend: Backend, made: Plan | None = None, **options: Any) -> Snapshot:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        writer = LineWriter(descriptor)
        options = {"as_json": True, **options}
        self.recorder = RecordRun(
            backend, made or plan(), writer, say=self.said.append, clock=self.clock, **options
        )
        self.backend = backend
        try:
            return self.recorder.run()
        finally:
            writer.close()
            os.close(descriptor)

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]
