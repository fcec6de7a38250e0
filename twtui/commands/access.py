"""How one call of twtui reaches a kernel process: with its own rights, through sudo, or on another machine."""

from __future__ import annotations

from typing import Any

from twtui.backend.kept import KeptProcess
from twtui.backend.kernel_process import KernelProcess
from twtui.backend.live import LiveBackend, NewProcesses, Source
from twtui.backend.ways import has_terminal, ssh_way, sudo_way
from twtui.errors import PermissionDeniedError
from twtui.rights import give_up, may_load_programs


class Access:
    """Decides once, and remembers what was refused: a person is asked for a password once.

    Args:
        host: Another machine, as ssh takes it; None: this one.
        host_command: What starts the kernel process there.
        may_ask: A person may be asked for a password.
    """

    def __init__(
        self, host: str | None = None, host_command: str = "", may_ask: bool = False
    ) -> None:
        self._host, self._host_command = host, host_command
        self.may_ask = may_ask
        self._kept: KeptProcess | None = None

    @classmethod
    def giving_up_rights(cls) -> Access:
        """Start a kernel process with the rights that we have, and become whoever called, for good.

        Raises:
            TwtuiError: The kernel process could not be started; the rights are given up all the same.
        """
        kernel = KernelProcess(started=give_up)
        access = cls()
        access._kept = KeptProcess(lambda: kernel)
        access._kept.connect()
        return access

    @property
    def kept(self) -> KeptProcess | None:
        """The kernel process that serves all runs; None where every run has its own."""
        if self._kept is None and self._host is not None:
            host, command = self._host, self._host_command
            self._kept = KeptProcess(lambda: KernelProcess(ssh_way(host, command, self._asks)))
        elif self._kept is None and not may_load_programs():
            self._kept = KeptProcess(lambda: KernelProcess(sudo_way(self._asks)))
        return self._kept

    @property
    def _asks(self) -> bool:
        return self.may_ask and has_terminal()

    @property
    def _is_connected(self) -> bool:
        return self.kept is None or self.kept.is_connected

    @property
    def source(self) -> Source:
        """Where runs get their kernel process from."""
        return self.kept or NewProcesses()

    def connect(self) -> None:
        """Ask for what has to be asked for, while there is no screen.

        Raises:
            PermissionDeniedError: It was refused.
            TwtuiError: There is no way.
        """
        if self.kept:
            self.kept.connect()

    def checks(self) -> list[dict[str, Any]]:
        """The doctor's, of the kernel process that runs would have; of one without rights if it is refused."""
        if self._host is None and self._asks and not self._is_connected:
            # a password is not worth asking for before it is known to help
            return LiveBackend().doctor()
        try:
            return LiveBackend(self.source).doctor()
        except PermissionDeniedError:
            return LiveBackend().doctor()

    def trials(self) -> list[dict[str, Any]]:
        """Which program types may schedule task work, as the same kernel process finds it."""
        try:
            return LiveBackend(self.source).programs()
        except PermissionDeniedError:
            return LiveBackend().programs()

    def end(self) -> None:
        """End what is kept. Idempotent."""
        if self._kept:
            self._kept.end()
