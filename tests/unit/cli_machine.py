"""A machine for the command line to run on, with no kernel below it and no screen above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from twtui import cli
from twtui.backend.demo import DemoBackend
from twtui.commands import table as commands
from twtui.errors import NoSuchTargetError
from twtui.model.plan import Plan, Target
from twtui.model.snapshot import Snapshot

NOT_ROOT = {
    "name": "privileges", "answer": "no", "detail": "not root", "fix": "use sudo",
    "required": True, "exit_code": 5,
}  # fmt: skip


class Ran(NamedTuple):
    code: int
    out: str
    err: list[str]


class Machine:
    """A machine on which the command line runs, with no kernel below and no screen above."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd
        self.checks: list[dict[str, Any]] = []
        self.shown: list[tuple[Any, Plan | None, Any]] = []
        self.settings: dict[str, Any] = {}
        self.last: Snapshot | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.failure: Exception | None = None
        monkeypatch.setattr(commands, "checks", lambda: self.checks)
        monkeypatch.setattr("twtui.backend.readiness.seems_able", lambda: not self.checks)
        monkeypatch.setattr(commands, "live_backend", lambda _plan: DemoBackend())
        monkeypatch.setattr("twtui.processes.find_target", self.find_target)
        monkeypatch.delenv("NO_COLOR", raising=False)
        machine = self

        class App:
            return_code = 0
            last_snapshot: Snapshot | None = None
            failure: Exception | None = None

            def __init__(self, *arguments: Any, **more: Any) -> None:
                machine.shown.append(arguments)
                machine.settings = more

            def run(self) -> None:
                machine.meanwhile()
                self.last_snapshot = machine.last
                self.failure = machine.failure

        monkeypatch.setattr("twtui.ui.app.TwtuiApp", App)
        # it is for a process that ends with its screen, not for one that runs more tests
        monkeypatch.setattr("twtui.ui.start.tune_collector", lambda: None)

    @staticmethod
    def find_target(pid: int) -> Target:
        if pid == 404:
            raise NoSuchTargetError("no process has PID 404", "look it up")
        return Target(pid, 1, "shop")

    def have_terminal(self) -> None:
        self._monkeypatch.setattr("sys.stdin", Terminal())
        self._monkeypatch.setattr("sys.stdout", Terminal())

    def run(self, *words: str) -> Ran:
        code = cli.main(words)
        out, err = self._capfd.readouterr()
        return Ran(code, out, err.splitlines())

    def raising(self, error: BaseException) -> Ran:
        def run(arguments: Sequence[str]) -> int:
            raise error

        self._monkeypatch.setattr(cli, "_run", run)
        return self.run()


class Terminal:
    """Only says that it is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
