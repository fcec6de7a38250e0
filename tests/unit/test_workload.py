"""The demo's workload: says where its strings are, and never outlives who started it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from twtui.commands.demo import Workload
from twtui.errors import TwtuiError
from twtui.model.capture import Read, parse_capture
from twtui.workload import STRINGS


def test_the_capture_reads_one_of_its_strings() -> None:
    with Workload() as workload:
        capture = parse_capture(workload.capture)
        assert (capture.read, capture.dereferences) == (Read.STRING, 1)
        with Path(f"/proc/{workload.pid}/mem").open("rb", buffering=0) as memory:
            address = capture.base.value
            (pointer,) = struct.unpack("<Q", os.pread(memory.fileno(), 8, address))
            text = os.pread(memory.fileno(), 256, pointer).partition(b"\0")[0].decode()
        assert text in STRINGS


def test_it_has_several_threads_with_names() -> None:
    with Workload() as workload:
        names = {
            (task / "comm").read_text().strip()
            for task in Path(f"/proc/{workload.pid}/task").iterdir()
        }
    assert {"demo-busy", "demo-sleeper", "demo-files"} <= names


def test_it_ends_when_its_standard_input_closes() -> None:
    workload = Workload()
    workload.close()
    workload.close()
    assert not Path(f"/proc/{workload.pid}").exists()


def test_one_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    with pytest.raises(TwtuiError, match="did not start"):
        Workload()
