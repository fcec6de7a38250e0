"""The engine: the only thread above the backend, the only mutable state; batches in, snapshots out."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from twtui.backend.base import Backend
from twtui.errors import RefusedError, TwtuiError, UsageError
from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.cost import OwnUse
from twtui.model.enums import RunState
from twtui.model.event import Event
from twtui.model.plan import Command, Plan, Stop
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.wire.layout import Records

Publish = Callable[[Snapshot], None]
Observer = Callable[[Batch, Sequence[Event]], None]

PUBLISH_INTERVAL_NS = 200_000_000
STOP_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 2.0
_log = logging.getLogger(__name__)
# or what nobody asked to see would be written on standard error, where a screen may be
logging.getLogger("twtui").addHandler(logging.NullHandler())


def own_use() -> OwnUse:
    """What this process has used so far; the memory is 0 where /proc does not tell it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        pages = 0
    rss_bytes = pages * os.sysconf("SC_PAGE_SIZE")
    return OwnUse(time.monotonic_ns(), time.process_time_ns(), rss_bytes)


class Engine:
    """Runs one plan on one backend.

    Args:
        backend: Not open yet; the engine opens and closes it.
        publish: Gets every snapshot, at most five a second and always the first, the last and one
            at every change of mode. Called from the thread that steps.
        observers: Get every batch with its events, before it is folded.
        window: Newest events that a snapshot holds.
        clock: CLOCK_MONOTONIC, ns.
        use: What this process has used so far.
    """

    def __init__(
        self,
        backend: Backend,
        plan: Plan,
        publish: Publish,
        *,
        observers: Sequence[Observer] = (),
        window: int = fold.WINDOW,
        clock: Callable[[], int] = time.monotonic_ns,
        use: Callable[[], OwnUse] = own_use,
    ) -> None:
        self._backend = backend
        self._publish = publish
        self._observers = tuple(observers)
        self._clock = clock
        self._use = use
        self._state = fold.starting(plan, window)
        self._latest = fold.snapshot(self._state)
        self._published_ns = 0
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None
        self._overdue = False
        self._finished = False
        self._finish_lock = threading.Lock()
        self._stop_lock = threading.Lock()

    @property
    def latest(self) -> Snapshot:
        """The newest snapshot that was published; from any thread."""
        return self._latest

    @property
    def failure(self) -> Exception | None:
        """What the state FAILED came from."""
        return self._failure

    def open(self) -> BackendInfo:
        """Open the backend.

        Raises:
            TwtuiError: As the backend raised it; the last snapshot says FAILED.
        """
        self._show()
        try:
            info = self._backend.open(self._state.plan)
            self._state = fold.opened(self._state, info)
            self._show()
        except Exception as error:
            self._fail(error)
            raise
        return info

    def step(self, timeout_s: float = 0.1) -> bool:
        """One poll, one fold, maybe one publish; False when nothing more will come."""
        if self._finished:
            return False
        try:
            # one at a step: to wait for its answer takes in a batch or two, and a step folds one
            self._send_command()
            batch = self._backend.poll(timeout_s if self._commands.empty() else 0.0)
            events = Records(batch.records)
            for observe in self._observers:
                observe(batch, events)
            before = self._state
            self._state = fold.fold(before, batch, events, events.rows)
            if batch.over:
                self._finish()
                return False
            due = self._clock() - self._published_ns >= PUBLISH_INTERVAL_NS
            jumped = batch.resume is not None
            if due or jumped or before.mode is not self._state.mode:
                self._show()
        except Exception as error:
            self._fail(error)
            return False
        return True

    def submit(self, command: Command) -> None:
        """Hand a command over, from any thread; the next steps send one each, in order."""
        self._commands.put(command)

    def start(self) -> None:
        """Open and step in a thread of our own until the end."""
        self._thread = threading.Thread(target=self._run, name="twtui-engine", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Submit Stop, wait (bounded) for the final snapshot, close the backend. Idempotent."""
        thread = self._thread
        self.submit(Stop())
        if thread is threading.current_thread():
            return
        with self._stop_lock:
            if thread is not None:
                thread.join(timeout_s)
            elif self._state.run_state is not RunState.STARTING:
                deadline = self._clock() + int(timeout_s * 1e9)
                while self._clock() < deadline and self.step():
                    pass
            self._overdue = not self._finished
            self._close_backend()
            if thread is not None and self._overdue:
                thread.join(_CLOSE_TIMEOUT_S)
            if self._state.run_state is not RunState.STARTING or thread is not None:
                self._fail(TwtuiError("closed"))

    def _run(self) -> None:
        try:
            self.open()
        except Exception:
            return  # open has published it
        while self.step():
            pass

    def _send_command(self) -> None:
        try:
            command = self._commands.get_nowait()
        except queue.Empty:
            return
        if self._state.run_state is not RunState.LIVE:
            return
        try:
            self._backend.send(command)
        except (UsageError, RefusedError) as error:
            note = f"{error.message} ({error.hint})" if error.hint else error.message
            self._state = fold.with_note(self._state, note)
        else:
            self._state = fold.commanded(self._state, command)

    def _show(self) -> None:
        use = self._use()
        snapshot = fold.snapshot(self._state, use)
        self._state = fold.shown(self._state, use)
        self._published_ns = self._clock()
        self._latest = snapshot
        self._publish(snapshot)

    def _finish(self) -> None:
        """Publish the last snapshot, once, whoever comes first."""
        with self._finish_lock:
            if self._finished:
                return
            self._finished = True
        try:
            self._show()
        except Exception:
            _log.exception("publishing the last snapshot")
        self._close_backend()

    def _fail(self, error: Exception) -> None:
        if self._finished:
            return
        if self._overdue:
            error = TwtuiError(
                "the run did not end in time, so it was cut off",
                "the ledger stands as it was last read",
            )
        self._failure = error
        if isinstance(error, TwtuiError):
            self._state = fold.failed(self._state, error.message, error.hint, error.log)
        else:
            _log.error("the engine failed", exc_info=error)
            self._state = fold.failed(
                self._state,
                f"internal error: {type(error).__name__}: {error}",
                "please report it with its log, which --log-file keeps",
                "".join(traceback.format_exception(error)),
            )
        self._finish()

    def _close_backend(self) -> None:
        try:
            self._backend.close()
        except Exception:
            _log.exception("closing the backend")
