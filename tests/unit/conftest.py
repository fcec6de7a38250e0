"""Fixtures that tests of the command line share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from .cli_machine import Machine


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Machine]:
    yield Machine(monkeypatch, capfd)
    logger = logging.getLogger("twtui")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()
