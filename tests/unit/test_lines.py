"""``replay -``: what ``record --json`` prints, read back into a run."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.backend.lines import LinesBackend
from twtui.commands.output import LineWriter
from twtui.commands.record_run import Limits, RecordRun
from twtui.engine import Engine
from twtui.errors import TwtuiError, UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import Mode, RunState
from twtui.model.ledger import COUNTER_NAMES
from twtui.model.plan import Probe, SetCapture, SetMode, Stop
from twtui.model.snapshot import Snapshot

from .record_stage import SteppedDemo
from .support import FakeClock, plan


class Commanded(SteppedDemo):
    """The demo, whose mode and capture change under way."""

    def poll(self, timeout_s: float):  # type: ignore[no-untyped-def]
        polls = self.__dict__.setdefault("polls", 0)
        if polls == 10:
            self.send(SetMode(Mode.SIGNAL))
        if polls == 20:
            self.send(SetCapture(0, parse_capture("i32(sp)")))
        self.__dict__["polls"] = polls + 1
        return super().poll(timeout_s)


@pytest.fixture(scope="module", params=[True, False], ids=["with readings", "events only"])
def printed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Snapshot]:
    path = tmp_path_factory.mktemp("lines") / "lines"
    clock = FakeClock()
    with path.open("wb") as file:
        writer = LineWriter(file.fileno())
        run = RecordRun(
            Commanded(clock), plan(), writer, limits=Limits(duration_ns=5 * 10**9), as_json=True,
            with_readings=request.param, clock=clock,
        )  # fmt: skip
        final = run.run()
        writer.close()
    return path, final


@pytest.fixture
def descriptor(printed: tuple[Path, Snapshot]) -> Iterator[int]:
    opened = os.open(printed[0], os.O_RDONLY)
    yield opened
    os.close(opened)


def run(backend: LinesBackend) -> Engine:
    engine = Engine(backend, backend.plan(), lambda _: None)
    engine.open()
    while engine.step(1):
        pass
    return engine


def test_the_run_comes_back(printed: tuple[Path, Snapshot], descriptor: int) -> None:
    live = printed[1]
    engine = run(LinesBackend(descriptor, "over there"))
    found = engine.latest
    assert engine.failure is None
    assert (found.info.name, found.info.reason) == ("replay", "over there")
    assert found.state is RunState.ENDED
    assert {r.row: r.counters for r in found.rows} == {r.row: r.counters for r in live.rows}
    assert found.latency == live.latency
    assert found.invariants == live.invariants
    assert [(t.pid, t.name) for t in found.targets] == [(t.pid, t.name) for t in live.targets]
    assert found.mode is live.mode is Mode.SIGNAL
    assert set(found.captures) == set(live.captures) - {""}
    assert len(found.events) == len(live.events)
    for one, other in zip(found.events, live.events, strict=True):
        assert one.delay_ns == other.delay_ns
        assert (one.nofault < 0, one.result < 0) == (other.nofault < 0, other.result < 0)
        assert one.data in (other.data, other.data.removesuffix(b"\0"))
        assert (one.rescued, one.truncated, one.flags) == (
            other.rescued, other.truncated, other.flags
        )  # fmt: skip
        assert (one.address, one.ran_cpu, one.comm) == (other.address, other.ran_cpu, other.comm)
    assert all(getattr(found.total, n) == getattr(live.total, n) for n in COUNTER_NAMES)


def test_lines_come_as_they_come(printed: tuple[Path, Snapshot]) -> None:
    reads, writes = os.pipe()
    lines = printed[0].read_bytes().splitlines(keepends=True)
    backend = LinesBackend(reads)
    os.write(writes, lines[0] + b"".join(lines[1:6])[:-5])
    engine = Engine(backend, backend.plan(), lambda _: None)
    engine.open()
    for _ in range(3):
        assert engine.step(0.01)
    assert engine.latest.state is RunState.LIVE
    rest = b"".join(lines[1:6])[-5:] + b"".join(lines[6:])

    def feed() -> None:
        left = rest
        while left:
            left = left[os.write(writes, left[:4099]) :]
        os.close(writes)

    feeder = threading.Thread(target=feed)
    feeder.start()
    while engine.step(1):
        pass
    feeder.join()
    os.close(reads)
    assert engine.failure is None
    assert engine.latest.events_seen == printed[1].events_seen


def fed(text: bytes) -> int:
    reads, writes = os.pipe()
    os.write(writes, text)
    os.close(writes)
    return reads


def head_of(printed: tuple[Path, Snapshot]) -> bytes:
    return printed[0].read_bytes().splitlines(keepends=True)[0]


@pytest.mark.parametrize("text", [b"", b"hello\n", b'{"type":"event"}\n', b"[]\n", b'"x"\n'])
def test_what_is_not_of_twtui_is_said(text: bytes) -> None:
    with pytest.raises(TwtuiError, match="standard input") as raised:
        LinesBackend(fed(text)).plan()
    assert "record --json" in raised.value.hint


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b'{"type":"event"}\n',
        b'{"type":"event","ts_ns":"x"}\n',
        b'{"type":"reading","ledger":{"heap":{}}}\n',
        b'{"type":"reading","ts_ns":1,"mode":"loud","ledger":{},"histogram":{},"targets":[],"quiet":1}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_broken_line_is_one_clear_error(printed: tuple[Path, Snapshot], line: bytes) -> None:
    reads, writes = os.pipe()
    text = head_of(printed) + line + b'{"type":"x"}\n'
    threading.Thread(target=_all, args=(writes, text)).start()
    engine = run(LinesBackend(reads))
    assert engine.latest.state is RunState.FAILED
    assert "standard input" in engine.latest.error
    assert "\n" not in engine.latest.error


def _all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.close(descriptor)


def test_lines_that_end_too_early_end_the_run_with_a_note(printed: tuple[Path, Snapshot]) -> None:
    text = b"".join(printed[0].read_bytes().splitlines(keepends=True)[:30])[:-7]
    found = run(LinesBackend(fed(text))).latest
    assert found.state is RunState.ENDED
    assert any("without a summary" in note for note in found.notes)
    assert found.events_seen > 20


def test_a_type_of_later_is_passed_over(printed: tuple[Path, Snapshot]) -> None:
    text = head_of(printed) + b'{"type":"song"}\n' + b'{"type":"summary","unwritten":3}\n'
    found = run(LinesBackend(fed(text))).latest
    assert found.state is RunState.ENDED
    assert any("3 events are not in the lines" in note for note in found.notes)


def test_what_runs_elsewhere_cannot_be_steered(descriptor: int) -> None:
    backend = LinesBackend(descriptor)
    backend.open(backend.plan())
    with pytest.raises(UsageError, match="elsewhere"):
        backend.send(Probe())
    backend.send(Stop())
    assert backend.poll(0).end
    with pytest.raises(TwtuiError):
        backend.poll(0)


def test_close_ends_a_wait() -> None:
    header = {"type": "header", "plan": plan().to_wire(), "clock_offset_ns": 0}
    reads, writes = os.pipe()
    os.write(writes, json.dumps(header).encode() + b"\n")
    backend = LinesBackend(reads)
    backend.open(backend.plan())
    threading.Timer(0.1, backend.close).start()
    backend.poll(20)
    with pytest.raises(TwtuiError, match="closed"):
        backend.poll(20)
    os.close(writes)
    os.close(reads)
