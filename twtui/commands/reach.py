"""Which way one call of twtui takes to a kernel process; decided before anything of the caller's is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twtui.errors import PermissionDeniedError, TwtuiError
from twtui.rights import give_up, has_more_than_caller
from twtui.settings.table import DEMO, DOCTOR, MONITOR, PRESETS, RECORD

if TYPE_CHECKING:
    from twtui.commands.access import Access
    from twtui.host import Host
    from twtui.processes import Machine

_WITH_KERNEL = frozenset((MONITOR, RECORD, DOCTOR, DEMO, PRESETS))
"""Commands that may start a kernel process."""
_WITHOUT_KERNEL = frozenset(("-h", "--help", "-V", "--version", "--json-schema"))
_HOST = "--host"


class Reach:
    """The way, for the length of one call."""

    def __init__(self) -> None:
        self._access: Access | None = None
        self._host: Host | None = None

    def begin(self, command: str, words: Sequence[str]) -> None:
        """Give up what rights we have beyond the caller's; a kernel process keeps them.

        Args:
            command: What is run.
            words: The command line, not looked at in earnest yet: it is a caller's.

        Raises:
            TwtuiError: The kernel process could not be started, or the rights not be given up.
        """
        self._access = self._host = None
        if not has_more_than_caller():
            return
        elsewhere = any(word == _HOST or word.startswith(f"{_HOST}=") for word in words)
        if command not in _WITH_KERNEL or _WITHOUT_KERNEL.intersection(words) or elsewhere:
            give_up()
            return
        from twtui.commands.access import Access

        self._access = Access.giving_up_rights()

    def go_to(self, host: str, command: str) -> None:
        """Watch another machine.

        Args:
            host: As ssh takes it.
            command: What starts the kernel process there.
        """
        from twtui.commands.access import Access
        from twtui.host import Host

        self._access = Access(host, command, may_ask=True)
        assert self._access.kept
        self._host = Host(host, self._access.kept)

    @property
    def is_elsewhere(self) -> bool:
        """Another machine is watched."""
        return self._host is not None

    @property
    def machine(self) -> Machine | None:
        """Whose processes are listed; None: those that we see ourselves, and no more."""
        kept = self.access.kept
        if self._host is not None or kept is None or not kept.is_connected:
            return self._host
        from twtui.host import ThisMachine

        return ThisMachine(kept)

    @property
    def access(self) -> Access:
        """With our own rights or else through sudo, unless something else was decided."""
        if self._access is None:
            from twtui.commands.access import Access

            self._access = Access()
        return self._access

    def connect(self) -> TwtuiError | None:
        """Ask for the rights while there is no screen; the refusal, if it is one."""
        self.access.may_ask = True
        try:
            self.access.connect()
        except PermissionDeniedError as error:
            return error
        return None

    def end(self) -> None:
        """End what is kept for the call. Idempotent."""
        if self._access:
            self._access.end()
