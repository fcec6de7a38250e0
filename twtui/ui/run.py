"""One run behind the screens: makes backend and engine off the screen's thread, keeps the newest snapshot."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence

from twtui.backend.base import Backend
from twtui.engine import Engine, Observer, Publish
from twtui.errors import TwtuiError
from twtui.model.enums import RunState
from twtui.model.plan import Command, Plan
from twtui.model.snapshot import BackendInfo, Snapshot
from twtui.recording.recorder import Recorder

MakeBackend = Callable[[Plan], Backend]
MakeEngine = Callable[[Backend, Plan, Publish, Sequence[Observer]], Engine]


def make_engine(
    backend: Backend, plan: Plan, publish: Publish, observers: Sequence[Observer] = ()
) -> Engine:
    """The engine as it is."""
    return Engine(backend, plan, publish, observers=observers)


class Run:
    """A plan being run. Snapshots are pulled, so a busy engine never floods the screen."""

    def __init__(
        self,
        make_backend: MakeBackend,
        plan: Plan,
        make_engine: MakeEngine = make_engine,
        host: str = "",
    ) -> None:
        self.plan = plan
        self._make_backend = make_backend
        self._make_engine = make_engine
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._start_failure: TwtuiError | None = None
        self._stopped = False
        self.recorder = Recorder(plan, ("twtui",), host or None)
        """Records the run when it is told to."""
        self._thread = threading.Thread(target=self._start, name="twtui-start", daemon=True)
        self._snapshot = Snapshot(RunState.STARTING, plan, BackendInfo("live"), plan.mode)

    @property
    def snapshot(self) -> Snapshot:
        """The newest one; never older than one that was seen before."""
        return self._snapshot

    @property
    def failure(self) -> TwtuiError | None:
        """What the state FAILED came from, with the exit code of its kind; None in every other state."""
        snapshot, engine = self._snapshot, self._engine
        if snapshot.state is not RunState.FAILED:
            return None
        found = self._start_failure or (engine and engine.failure)
        if isinstance(found, TwtuiError):
            return found
        return TwtuiError(snapshot.error, snapshot.hint, snapshot.log)

    def start(self) -> None:
        """Start in the background; what goes wrong becomes a snapshot with state FAILED."""
        self._thread.start()

    def join(self) -> None:
        """Wait until it has started or failed to."""
        self._thread.join()

    def _start(self) -> None:
        try:
            backend = self._make_backend(self.plan)
            observers = (self.recorder.observe,)
            engine = self._make_engine(backend, self.plan, self._publish, observers)
        except TwtuiError as error:
            self._fail(error)
            return
        except Exception as error:  # whatever it is, a screen that waits forever says less
            log = "".join(traceback.format_exception(error))
            self._fail(TwtuiError(f"internal error: {type(error).__name__}: {error}", log=log))
            return
        with self._lock:
            # Nothing is open yet, so a run that was left before it began just never begins.
            if self._stopped:
                return
            self._engine = engine
            engine.start()

    def _publish(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def _fail(self, error: TwtuiError) -> None:
        self._start_failure = error
        self._snapshot = Snapshot(
            RunState.FAILED,
            self.plan,
            self._snapshot.info,
            self.plan.mode,
            error=error.message,
            hint=error.hint,
            log=error.log,
        )

    def submit(self, command: Command) -> bool:
        """Hand a command to the engine; False when there is none that would take it."""
        engine = self._engine
        if engine is None or self._snapshot.state is not RunState.LIVE:
            return False
        engine.submit(command)
        return True

    def stop(self) -> None:
        """End the run and wait for it (bounded by the engine). Idempotent, from any thread."""
        with self._lock:
            self._stopped = True
            engine = self._engine
        if engine is not None:
            engine.stop()
        self.recorder.stop()
