"""The log: what others said cannot forge a line of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.errors import UsageError
from twtui.logs import set_up

logger = logging.getLogger("twtui")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, level = list(logger.handlers), logger.level
    logger.propagate = False  # what is logged here is nothing for pytest to keep and send on
    yield
    logger.propagate = True
    for handler in set(logger.handlers) - set(handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(level)


def test_an_entry_has_one_line_and_what_is_more_is_indented(tmp_path: Path) -> None:
    path = tmp_path / "log"
    set_up(str(path), 0)
    logger.info("said: %s", "a\n2026-01-01 INFO forged\x1b[31m")
    first, second = path.read_text().splitlines()
    assert first.endswith("INFO twtui: said: a")
    assert second == r"    2026-01-01 INFO forged\x1b[31m"


def test_nothing_is_logged_unless_it_is_asked_for(tmp_path: Path) -> None:
    before = list(logger.handlers)
    set_up(None, 0)
    assert logger.handlers == before


@pytest.mark.parametrize("name", ["/nowhere/log", "/nowhere/\0"])
def test_a_log_that_cannot_be_written_is_an_error(name: str) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        set_up(name, 1)
