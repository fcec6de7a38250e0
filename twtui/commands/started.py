"""A command that we start to watch: held back until everything is attached, with its user's identity."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from twtui.backend.base import Backend
from twtui.errors import UsageError
from twtui.harmless import harmless
from twtui.invoker import Invoker, invoker
from twtui.model.batch import Batch
from twtui.model.plan import Command, Plan
from twtui.model.snapshot import BackendInfo
from twtui.rights import rename

_PATIENCE_S = 2.0
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores them; a program expects them."""


class StartedCommand:
    """A child process that waits before its ``exec`` until ``go``, for the length of a ``with``.

    Args:
        words: Program and arguments.
        environ: Its environment; under sudo HOME, USER and LOGNAME become the user's.
        say: Told at the end of the ``with`` how it ended, if it ran.

    Raises:
        UsageError: There is no such program.
    """

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str] = os.environ,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = words[0]
        self._say = say
        program = shutil.which(self.name, path=environ.get("PATH"))
        if program is None:
            raise UsageError(f"there is no program {self.name!r}", "give a name in PATH, or a path")
        self._status: int | None = None
        self._has_gone = False
        who = invoker(environ)
        reads, self._gate = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._gate)
            _become(program, words, _environment(environ, who), who, reads)
        os.close(reads)

    def go(self) -> None:
        """Let it run."""
        os.write(self._gate, b"\n")
        self._has_gone = True

    def finish(self) -> str:
        """End it if it still runs, and collect it. Idempotent.

        Returns:
            How it ended, in words.
        """
        if self._gate >= 0:
            # one that was never let go ends by itself
            os.close(self._gate)
            self._gate = -1
        if self._status is None and not self._collect(0):
            os.kill(self.pid, signal.SIGTERM)
            if not self._collect(_PATIENCE_S):
                return f"{self.name} (PID {self.pid}) still runs"
        code = os.waitstatus_to_exitcode(self._status or 0)
        if code < 0:
            return f"{self.name} was ended by {signal.Signals(-code).name}"
        return f"{self.name} ended with exit code {code}"

    def _collect(self, patience_s: float) -> bool:
        deadline_s = time.monotonic() + patience_s
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
                return True
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        how = self.finish()
        if self._has_gone:
            self._say(how)


def _environment(environ: Mapping[str, str], who: Invoker) -> dict[str, str]:
    if not who.by_sudo:
        return dict(environ)
    return {**environ, "HOME": who.home, "USER": who.name, "LOGNAME": who.name}


def _become(
    program: str, words: Sequence[str], environ: Mapping[str, str], who: Invoker, gate: int
) -> NoReturn:
    """In the child: take the identity, wait, and turn into the program."""
    try:
        # until the exec it is shown under the name that it will have
        rename(os.fsencode(Path(program).name)[:15])
        if who.by_sudo:
            groups = os.getgrouplist(who.name, who.gid) if who.name else [who.gid]
            os.setgroups(groups)
            os.setresgid(who.gid, who.gid, who.gid)
            os.setresuid(who.uid, who.uid, who.uid)
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        if os.read(gate, 1):
            os.execve(program, list(words), environ)
    except BaseException as error:
        reason = getattr(error, "strerror", None) or error
        os.write(2, f"twtui: {harmless(f'{words[0]}: {reason}')}\n".encode())
    # 127 as a shell has it; nothing of ours may run in the child
    os._exit(127)


class ThenGo:
    """A backend that lets a command run as soon as everything is attached."""

    def __init__(self, backend: Backend, command: StartedCommand) -> None:
        self._backend = backend
        self._command = command

    def open(self, plan: Plan) -> BackendInfo:
        """See ``Backend.open``."""
        info = self._backend.open(plan)
        self._command.go()
        return info

    def poll(self, timeout_s: float) -> Batch:
        """See ``Backend.poll``."""
        return self._backend.poll(timeout_s)

    def send(self, command: Command) -> None:
        """See ``Backend.send``."""
        self._backend.send(command)

    def close(self) -> None:
        """See ``Backend.close``."""
        self._backend.close()
