"""Another user, who has no rights: commands that run as that user, with capabilities or without any."""

from __future__ import annotations

import subprocess
import sys

import pytest

NOBODY = 65534
"""A user and a group without rights: those of other users to us."""


def as_nobody(*capabilities: str) -> list[str]:
    """Words before a command that let it run as another user, with these capabilities and no others."""
    sets = ["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in capabilities)]
    ambient = ",".join(sets)
    return [
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
        f"--inh-caps={ambient}", f"--ambient-caps={ambient}", f"--bounding-set={ambient}",
    ]  # fmt: skip


def needs_readable_python() -> None:
    """Skip where another user cannot run the Python that runs the tests."""
    tried = subprocess.run(
        [*as_nobody(), sys.executable, "-I", "-c", "import twtui"], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(
            f"this machine lets no other user run {sys.executable}: {tried.stderr.strip()[-200:]}"
        )
