"""Keeps a recording of a run: follows it from its start, and writes between start and stop."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from twtui import __version__
from twtui.errors import TwtuiError
from twtui.model.batch import Batch
from twtui.model.event import Event
from twtui.model.fold import MAX_CAPTURES, MOST_NAMES
from twtui.model.ledger import Row
from twtui.model.plan import Plan
from twtui.model.redaction import Redaction
from twtui.model.snapshot import BackendInfo
from twtui.recording.schema import Meta
from twtui.recording.writer import RecordingWriter, SizeLimitError
from twtui.wire.layout import rows_of


@dataclass(frozen=True, slots=True)
class Options:
    """How to record."""

    force: bool = False
    """Take the place of a file that is there."""
    max_bytes: int = 0
    """End the recording before the file is larger; 0: it may grow."""
    with_data: bool = True
    """False leaves out what was read."""
    redaction: Redaction | None = None


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How a recording stands."""

    path: Path
    active: bool
    events: int = 0
    size_bytes: int = 0
    ended: str = ""
    """``end``, ``stopped``, ``max-size`` or ``failed``."""
    error: str = ""
    """One line, when it failed."""
    hint: str = ""


class Recorder:
    """Records a run, from its start or from any later moment. ``observe`` is for the engine.

    A file that cannot be written ends the recording, never the run. ``start`` and ``stop`` may
    come from any thread.

    Args:
        plan: Of the run.
        argv: For the file.
        host: For the file; None: the name of this machine.
    """

    def __init__(self, plan: Plan, argv: Sequence[str] = (), host: str | None = None) -> None:
        self._plan = plan
        self._argv = tuple(argv)
        self._host = os.uname().nodename if host is None else host
        self._lock = threading.Lock()
        self._options = Options()
        self._writer: RecordingWriter | None = None
        self._state: RecordingState | None = None
        self._captures: dict[int, tuple[str, str]] = {}
        self._names: dict[tuple[int, int], str] = {}
        self._mode = ""
        self._delivered: Counter[Row] = Counter()
        self._last: Batch | None = None

    @property
    def state(self) -> RecordingState | None:
        """Of the recording that is, or was last, written; None before the first."""
        with self._lock:
            return self._state

    def start(self, path: Path, info: BackendInfo | None, options: Options = Options()) -> None:
        """Begin to record. Before the run begins ``info`` is None, and ``begin`` follows.

        Raises:
            TwtuiError: The file cannot be made, or something is being recorded already.
        """
        with self._lock:
            if self._writer is not None:
                raise TwtuiError("a recording is under way", "stop it first")
            meta = Meta(
                plan=self._plan,
                info=info or BackendInfo(""),
                argv=self._argv,
                host=self._host,
                version=__version__,
                with_data=options.with_data,
                redacted=options.redaction is not None,
                delivered_before=dict(self._delivered) if self._last else None,
            )
            writer = RecordingWriter(path, meta, force=options.force, max_bytes=options.max_bytes)
            self._options, self._writer, self._meta = options, writer, meta
            self._state = RecordingState(path, True, 0, writer.size_bytes)
            if self._last is not None:
                self._write(self._so_far(self._last), [])

    def begin(self, info: BackendInfo) -> None:
        """The run has begun: complete a recording that was started before it.

        Raises:
            TwtuiError: It cannot be written.
        """
        with self._lock:
            if self._writer is not None:
                self._writer.begin(replace(self._meta, info=info))

    def discard(self) -> None:
        """The run never began: leave no file."""
        with self._lock:
            if self._writer is not None:
                self._writer.discard()
                self._writer = self._state = None

    def observe(self, batch: Batch, events: Sequence[Event]) -> None:
        """Take part in a run: for ``Engine(observers=...)``, from its first batch on."""
        with self._lock:
            self._captures.update(
                {i: texts for i, texts in batch.captures.items() if 0 <= i < MAX_CAPTURES}
            )
            self._keep_names(batch)
            self._mode = batch.mode or self._mode
            if self._writer is not None:
                self._write(batch, events)
            self._delivered.update(rows_of(events))
            reading = batch.reading or (self._last.reading if self._last else None)
            self._last = Batch(batch.at_ns, reading=reading)
            if batch.end:
                self._close("end")

    def stop(self) -> None:
        """End the recording; what was written stays. Idempotent."""
        with self._lock:
            self._close("stopped")

    def _keep_names(self, batch: Batch) -> None:
        self._names.update(batch.names)
        if len(self._names) > MOST_NAMES:
            self._names = dict(islice(self._names.items(), len(self._names) // 2, None))

    def _so_far(self, last: Batch) -> Batch:
        """What a reader has to know of the time before the recording."""
        return replace(last, captures=self._captures, names=self._names, mode=self._mode)

    def _write(self, batch: Batch, events: Sequence[Event]) -> None:
        assert self._writer is not None
        assert self._state is not None
        redaction = self._options.redaction
        try:
            if redaction and self._options.with_data:
                events = redaction.of(events, self._captures)
            self._writer.write(batch, events)
            self._state = replace(
                self._state, events=self._writer.events, size_bytes=self._writer.size_bytes
            )
        except SizeLimitError:
            self._close("max-size")
        except TwtuiError as error:
            self._close("failed", error)

    def _close(self, ended: str, error: TwtuiError | None = None) -> None:
        if self._writer is None or self._state is None:
            return
        writer, self._writer = self._writer, None
        try:
            writer.close(ended)
        except TwtuiError as problem:
            error = error or problem
        self._state = replace(
            self._state,
            active=False,
            ended="failed" if error else ended,
            error=error.message if error else "",
            hint=error.hint if error else "",
        )
