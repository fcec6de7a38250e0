"""A run and its recording in which everything that can be hostile is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from tests.corpus import as_name, as_text
from twtui.engine import Engine
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import TargetState
from twtui.model.event import Event
from twtui.model.plan import Plan, Target, Watch
from twtui.model.python_frames import PythonFrame, encode
from twtui.model.snapshot import BackendInfo, Snapshot, TargetView
from twtui.model.trigger import parse_trigger
from twtui.recording import Recorder

from .support import HASH_RESUME, ScriptedBackend, balanced, event, reading, records

ADDRESS, KERNEL_ADDRESS = 0x1000, 0xFFFF_8000_0000_0000


class HostileRun:
    """A run and its recording, made of one piece of hostile data.

    Args:
        data: Is in every field of the run that can hold it.
        directory: For the recording.
    """

    def __init__(self, data: bytes, directory: Path) -> None:
        self.data = data
        self.text = as_text(data)
        name = self.text.replace("/", "").replace("\0", "")[:60]
        # a name of a file may be any bytes but these
        self.path = directory / os.fsdecode(os.fsencode(name)[:200] + b".twtui")
        self.info = BackendInfo("live", self.text, self.text, self.text, self.text)
        self.captures = dict.fromkeys(range(4), (f"uprobe:/{self.text}:f", "str(arg2)"))
        for number, capture in enumerate(("str(arg2)", "stack", "python", "bytes(sp, 4096)")):
            self.captures[number] = (self.captures[number][0], capture)
        self.names = {(4242, ADDRESS): self.text, (0, KERNEL_ADDRESS): self.text}
        self.events = self._events()
        self.plan = Plan(
            (Target(4242, 1, self.text),),
            tuple(
                Watch(parse_trigger(trigger), parse_capture(capture))
                for trigger, capture in self.captures.values()
            ),
        )
        self.snapshot = self._record()

    def _events(self) -> list[Event]:
        stack = ADDRESS.to_bytes(8, "little") + KERNEL_ADDRESS.to_bytes(8, "little")
        name = self.text[:400]
        frames = encode([PythonFrame(name, name, 7), PythonFrame("main", "a.py", 1)])
        return [
            event(n, data=data, comm=as_name(self.data), capture=n, wanted_bytes=0)
            for n, data in enumerate((self.data, stack, frames, self.data))
        ]

    def _record(self) -> Snapshot:
        counters = replace(balanced(4), errors=MappingProxyType({self.text[:30]: 4}))
        target = TargetView(4242, self.text, 1, TargetState.RUNNING)
        last = reading({HASH_RESUME: counters}, targets=(target,), quiet=True)
        batch = Batch(
            2_000_000_000, records(self.events), last, self.captures, self.names,
            notes=(self.text,), end=True,
        )  # fmt: skip
        recorder = Recorder(self.plan, (self.text,), host=self.text)
        backend = ScriptedBackend([batch])
        engine = Engine(backend, self.plan, lambda _: None, observers=(recorder.observe,))
        recorder.start(self.path, None)
        engine.open()
        recorder.begin(self.info)
        while engine.step():
            pass
        assert engine.failure is None, engine.failure
        assert recorder.state
        assert recorder.state.events == 4, recorder.state
        return replace(engine.latest, error=self.text, hint=self.text, info=self.info)
