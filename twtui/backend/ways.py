"""The ways to a kernel process with more rights, or on another machine: sudo and ssh."""

from __future__ import annotations

import os
import shutil

from twtui.backend.kernel_process import OWN_COMMAND, Way
from twtui.errors import PermissionDeniedError, TwtuiError, UnsupportedError, UsageError
from twtui.harmless import harmless

_PROMPT = "[sudo] password for %p, to load BPF programs: "
_NO_SUDO_HINT = "run it as root, or give it CAP_BPF and CAP_PERFMON"
_PERSON_TIMEOUT_S = 900.0
"""Three tries at a password, as long as sudo waits for each."""
_HOST_TIMEOUT_S = 60.0
_NOT_FOUND, _SSH_FAILED = 127, 255


def has_terminal() -> bool:
    """A person can be asked: there is a terminal, and we are in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def sudo_way(may_ask: bool) -> Way:
    """A kernel process of root's on this machine; nothing else of twtui runs as root.

    Args:
        may_ask: The person may be asked for a password, at the terminal.

    Raises:
        PermissionDeniedError: There is no sudo.
    """
    sudo = shutil.which("sudo")
    if sudo is None:
        raise PermissionDeniedError(
            "this user may not load BPF programs, and there is no sudo", _NO_SUDO_HINT
        )
    # -b: once it has asked it leaves the terminal's foreground, so that keys and Ctrl-C are ours
    how = ("-b", "-p", _PROMPT) if may_ask else ("-n",)

    def explain(status: int | None, said: str) -> TwtuiError | None:
        if not status:
            return None
        reason = _last_line(said).removeprefix("sudo: ")
        fix = "see what sudo allows: sudo -l" if may_ask else "run it at a terminal, or: sudo twtui"
        return PermissionDeniedError(f"sudo does not start the kernel process: {reason}", fix)

    return Way(
        (sudo, *how, "--", *OWN_COMMAND),
        explain=explain,
        asks=may_ask,
        greeting_timeout_s=_PERSON_TIMEOUT_S if may_ask else _HOST_TIMEOUT_S,
    )


def ssh_way(host: str, command: str, may_ask: bool) -> Way:
    """A kernel process on another machine.

    Args:
        host: As ssh takes it: ``user@box``, or a name of the ssh configuration.
        command: What starts the kernel process there; the shell there reads it.
        may_ask: The person may be asked for a password, at the terminal.

    Raises:
        UsageError: The host is none.
        UnsupportedError: There is no ssh.
    """
    if not host or host.startswith("-") or not host.isprintable() or " " in host:
        raise UsageError(f"bad host {host!r}", "write --host user@box")
    ssh = shutil.which("ssh")
    if ssh is None:
        raise UnsupportedError("there is no ssh here", "install an ssh client")

    def explain(status: int | None, said: str) -> TwtuiError | None:
        reason = _last_line(said)
        if status == _NOT_FOUND:
            return UnsupportedError(
                f"{host} has no {command.partition(' ')[0]}: {reason}",
                "install twtui there, or say where it is with --host-command",
            )
        if status == _SSH_FAILED:
            return TwtuiError(f"ssh does not reach {host}: {reason}", f"try: ssh -T {host} true")
        return None

    batch = () if may_ask else ("-o", "BatchMode=yes")
    return Way(
        (ssh, "-T", *batch, "--", host, command),
        name=f"the kernel process on {host}",
        explain=explain,
        asks=may_ask,
        ignores_interrupts=True,
        greeting_timeout_s=_PERSON_TIMEOUT_S if may_ask else _HOST_TIMEOUT_S,
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return harmless(lines[-1]) if lines else "it does not say why"
