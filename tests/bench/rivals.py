"""Other tools to compare with: found where they are installed, or in a root tree of another release.

``TWTUI_BENCH_ROOT`` names such a tree, made for example by ``mmdebstrap --include=bpftrace,strace sid TREE``.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_IN_ROOT = (
    'mount --make-rprivate / && for d in proc sys dev; do mount --rbind /$d "$0/$d"; done && '
    'exec chroot "$0" "$@"'
)
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Rival:
    """A tool that can be run."""

    name: str
    command: tuple[str, ...]
    version: str


def find_rival(name: str) -> Rival | None:
    """A tool in the tree that is named, or else in PATH."""
    root = os.environ.get("TWTUI_BENCH_ROOT")
    command: tuple[str, ...]
    if root and (Path(root) / "usr/bin" / name).exists():
        command = ("unshare", "-m", "sh", "-c", _IN_ROOT, root, f"/usr/bin/{name}")
    elif path := shutil.which(name):
        command = (path,)
    else:
        return None
    said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return Rival(name, command, found[0] if found else "?")


@contextmanager
def running(
    command: list[str], ready: str, output: Path, cpus: Sequence[int] = ()
) -> Iterator[None]:
    """A tracer, from when it has said that it is ready until it has written everything to a file.

    Args:
        command: What to run; it ends on SIGINT.
        ready: A word that it writes then.
        output: The file.
        cpus: Where it may run; empty: where we may.
    """
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        if cpus:
            os.sched_setaffinity(process.pid, cpus)
        try:
            deadline_s = time.monotonic() + _PATIENCE_S
            while ready not in output.read_text(errors="replace"):
                assert process.poll() is None, output.read_text(errors="replace")
                assert time.monotonic() < deadline_s, f"{command[0]} did not start"
                time.sleep(0.02)
            time.sleep(0.3)
            yield
            time.sleep(0.3)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE_S)
