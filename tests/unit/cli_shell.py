"""A command line as a person types it, in this process: what comes of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from twtui import cli


class Ran(NamedTuple):
    code: int
    out: str
    err: list[str]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """The command line over the demo backend."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def run(self, *words: object) -> Ran:
        code = cli.main([str(word) for word in words])
        out, err = self._capfd.readouterr()
        return Ran(code, out, err.splitlines())
