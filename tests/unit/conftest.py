"""Fixtures that tests of the command line share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from twtui.backend.demo import DemoBackend
from twtui.commands import table as commands
from twtui.model.plan import Target

from .cli_machine import Machine
from .cli_shell import Shell


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Machine]:
    yield Machine(monkeypatch, capfd)
    logger = logging.getLogger("twtui")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line over the demo backend."""
    monkeypatch.setattr(commands, "live_backend", lambda _plan: DemoBackend())
    monkeypatch.setattr("twtui.processes.find_target", lambda pid: Target(pid, 1, "shop"))
    return Shell(capfd)
