"""The record command without a terminal, a kernel or a real clock."""

from __future__ import annotations

import io
import itertools
import os
import signal
import threading
from pathlib import Path

import pytest

from twtui.commands.output import LineWriter
from twtui.commands.record_run import Limits, RecordRun, ended_by_signals
from twtui.errors import TwtuiError, UnsupportedError
from twtui.model.batch import Batch
from twtui.model.enums import RunState, TargetState
from twtui.model.filter import parse_filter
from twtui.model.plan import Command, Plan
from twtui.model.redaction import Redaction
from twtui.model.snapshot import BackendInfo, TargetView
from twtui.recording import Options, Recorder
from twtui.recording import Recording as Kept

from .record_stage import Recording, SteppedDemo
from .support import FakeClock, ScriptedBackend, event, plan, reading, records


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "out", FakeClock())


def test_header_events_summary(recording: Recording) -> None:
    final = recording.run(SteppedDemo(recording.clock), limits=Limits(duration_ns=2 * 10**9))
    header, *events, summary = recording.objects
    assert header["type"] == "header"
    assert header["plan"] == plan().to_wire()
    assert {item["type"] for item in events} == {"event"}
    assert summary["type"] == "summary"
    assert all(summary["invariants"].values())
    delivered = sum(
        counters["delivered"] for modes in summary["ledger"].values() for counters in modes.values()
    )
    assert len(events) == delivered == final.events_seen > 500
    assert {item["trigger"] for item in events} == {"sample"}
    assert final.state is RunState.ENDED


def test_readings_come_when_asked_for_once_a_second_and_before_the_summary(
    recording: Recording,
) -> None:
    recording.run(
        SteppedDemo(recording.clock), limits=Limits(duration_ns=5 * 10**9), with_readings=True
    )
    *_, last, summary = recording.objects
    assert summary["type"] == "summary"
    assert (last["type"], last["quiet"], last["mode"]) == ("reading", True, "resume")
    readings = [item for item in recording.objects if item["type"] == "reading"]
    assert 5 <= len(readings) <= 6
    times = [item["ts_ns"] for item in readings[:-1]]
    assert all(late - early >= 10**9 for early, late in itertools.pairwise(times))
    counted = {name: last["ledger"]["hash"]["resume"][name] for name in ("fired", "completed")}
    assert counted == {name: summary["ledger"]["hash"]["resume"][name] for name in counted}


def test_only_events_that_match_have_a_line(recording: Recording) -> None:
    script = [
        Batch(1, records([event(n) for n in range(5)]), captures={0: ("sample", "str(arg2)")}),
        ended(TargetState.EXITED),
    ]
    recording.run(ScriptedBackend(script, recording.clock), keep=parse_filter("text:ev-00003"))
    assert [item.get("text") for item in recording.objects[1:-1]] == ["ev-00003"]


def test_what_is_redacted_has_no_line_either(recording: Recording) -> None:
    script = [
        Batch(1, records([event(0)]), captures={0: ("sample", "str(arg2)")}),
        ended(TargetState.EXITED),
    ]
    recording.run(ScriptedBackend(script, recording.clock), redaction=Redaction("v-00"))
    assert recording.objects[1]["text"] == "e****000"


def test_a_recording_beside_the_lines(recording: Recording, tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "kept", None)
    final = recording.run(
        SteppedDemo(recording.clock), limits=Limits(duration_ns=10**9), recorder=recorder
    )
    with Kept(tmp_path / "kept") as kept:
        assert kept.whole
        assert kept.event_count == final.events_seen
        assert kept.meta.info.name == "demo"


def test_a_run_that_cannot_start_leaves_no_recording(recording: Recording, tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "kept", None)
    with pytest.raises(UnsupportedError):
        recording.run(ScriptedBackend(open_error=UnsupportedError("old kernel")), recorder=recorder)
    assert not (tmp_path / "kept").exists()


def test_a_full_recording_ends_the_run_well(recording: Recording, tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "kept", None, Options(max_bytes=200_000))
    final = recording.run(SteppedDemo(recording.clock), recorder=recorder)
    assert final.state is RunState.ENDED
    assert recording.objects[-1]["type"] == "summary"
    assert any("--max-size" in text for text in recording.said)


def test_a_recording_that_fails_is_an_error_after_the_summary(
    recording: Recording, tmp_path: Path
) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "kept", None)
    script = [Batch(1, records([event(0, trigger_ns=2**64 - 1)])), Batch(2)]
    with pytest.raises(TwtuiError, match="cannot write"):
        recording.run(ScriptedBackend(script, recording.clock), recorder=recorder)
    assert [item["type"] for item in recording.objects] == ["header", "event", "summary"]


def test_the_duration_counts_from_attach(recording: Recording) -> None:
    class SlowToAttach(SteppedDemo):
        def open(self, made: Plan) -> BackendInfo:
            recording.clock.advance(7)
            return super().open(made)

    final = recording.run(SlowToAttach(recording.clock), limits=Limits(duration_ns=10**9))
    assert final.elapsed_ns == pytest.approx(10**9, rel=0.15)


def test_exactly_as_many_events_as_asked_for(recording: Recording) -> None:
    recording.run(SteppedDemo(recording.clock), limits=Limits(count=7))
    assert [item["type"] for item in recording.objects].count("event") == 7
    summary = recording.objects[-1]
    assert summary["ledger"]["hash"]["resume"]["delivered"] > 2


def ended(state: TargetState) -> Batch:
    return Batch(1, reading=reading(targets=(TargetView(4242, "shop", 1, state),)))


def test_it_ends_with_its_targets(recording: Recording) -> None:
    script = [ended(TargetState.RUNNING), ended(TargetState.EXITED), *([Batch(2)] * 5)]
    backend = ScriptedBackend(script, recording.clock)
    assert recording.run(backend).state is RunState.ENDED
    assert len(backend.script) == 5


def test_it_goes_on_while_one_target_lives(recording: Recording) -> None:
    views = (
        TargetView(1, "a", 1, TargetState.EXITED),
        TargetView(2, "b", 1, TargetState.SLEEPING),
    )
    script = [Batch(1, reading=reading(targets=views))] * 4
    backend = ScriptedBackend([*script, ended(TargetState.EXITED)], recording.clock)
    recording.run(backend)
    assert backend.script == []


def test_it_ends_when_interrupted(recording: Recording) -> None:
    def interrupt() -> Batch:
        assert recording.recorder is not None
        recording.recorder.interrupted.set()
        return Batch(1, records([event(0)]))

    final = recording.run(ScriptedBackend([interrupt], recording.clock))
    assert final.state is RunState.ENDED
    assert [item["type"] for item in recording.objects] == ["header", "event", "summary"]


def test_it_ends_when_nobody_reads() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    clock = FakeClock()
    writer = LineWriter(writes)
    recorder = RecordRun(ScriptedBackend([], clock), plan(), writer, as_json=True, clock=clock)
    assert recorder.run().state is RunState.ENDED
    writer.close()
    os.close(writes)


def test_a_run_that_cannot_start_writes_nothing(recording: Recording) -> None:
    backend = ScriptedBackend(open_error=UnsupportedError("old kernel"))
    with pytest.raises(UnsupportedError):
        recording.run(backend)
    assert recording.lines == []
    assert backend.closed


def test_a_failure_under_way_keeps_what_was_counted(recording: Recording) -> None:
    error = TwtuiError("the kernel process is gone")
    backend = ScriptedBackend([Batch(1, records([event(0)])), error], recording.clock)
    with pytest.raises(TwtuiError, match="gone"):
        recording.run(backend)
    assert [item["type"] for item in recording.objects] == ["header", "event", "summary"]
    assert recording.objects[-1]["error"] == "the kernel process is gone"


def test_notes_are_messages(recording: Recording) -> None:
    script = [Batch(1, notes=("4242 shop has exited",)), ended(TargetState.EXITED)]
    recording.run(ScriptedBackend(script, recording.clock))
    assert recording.said == ["4242 shop has exited"]


def test_a_name_in_a_note_cannot_paint(recording: Recording) -> None:
    script = [Batch(1, notes=("42 calls itself \x1b[31mred",)), ended(TargetState.EXITED)]
    recording.run(ScriptedBackend(script, recording.clock))
    assert recording.said == [r"42 calls itself \x1b[31mred"]


def test_a_ledger_that_does_not_balance_is_said(recording: Recording) -> None:
    class Unbalanced(ScriptedBackend):
        def send(self, _command: Command) -> None:
            self.script.append(Batch(9, records([event(0)]), reading(quiet=True), end=True))

    recording.run(Unbalanced([ended(TargetState.EXITED)], recording.clock))
    assert recording.objects[-1]["invariants"]["emitted = delivered"] is False
    assert any("delivered 1" in text for text in recording.said)


def test_events_of_a_batch_have_the_captures_of_that_batch(recording: Recording) -> None:
    script = [
        Batch(1, records([event(0)]), captures={0: ("sample", "str(arg2)")}),
        Batch(2, records([event(1, capture=1, data=b"\x05")]), captures={1: ("sample", "u8(sp)")}),
        ended(TargetState.EXITED),
    ]
    recording.run(ScriptedBackend(script, recording.clock))
    assert [item.get("text", item.get("value")) for item in recording.objects[1:-1]] == [
        "ev-00000",
        5,
    ]


def test_text_is_escaped_and_ends_with_the_ledger(recording: Recording) -> None:
    hostile = "\x1b[31m\u202e\nred".encode() + b"\xff"
    script = [
        Batch(
            1,
            records([event(0, data=hostile, comm=b"\x1b[0m"), event(1, result=-14, data=b"")]),
            captures={0: ("sample", "bytes(sp, 64)")},
        ),
        ended(TargetState.EXITED),
    ]
    recording.run(ScriptedBackend(script, recording.clock), as_json=False)
    text = recording.path.read_text()
    assert text.replace("\n", "").isprintable()
    assert r'◆ "\x1b[31m\u202e\nred\xff"' in recording.lines[0]
    assert recording.lines[1].endswith("EFAULT")
    assert any(line.startswith("hash      resume") for line in recording.lines)
    assert any(line.startswith("✗ emitted = delivered") for line in recording.lines)


def test_text_without_data_shows_how_much_there_was(recording: Recording) -> None:
    script = [
        Batch(1, records([event(0)]), captures={0: ("sample", "str(arg2)")}),
        ended(TargetState.EXITED),
    ]
    recording.run(ScriptedBackend(script, recording.clock), as_json=False, with_data=False)
    assert recording.lines[0].endswith("8 bytes")
    assert "ev-0" not in recording.path.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_and_the_second_interrupts(number: int) -> None:
    interrupted = threading.Event()
    before = signal.getsignal(number)
    with ended_by_signals(interrupted):
        signal.raise_signal(number)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_nothing_goes_to_python_s_own_standard_output(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr("sys.stdout", stdout)
    recording.run(SteppedDemo(recording.clock), limits=Limits(count=1))
    assert stdout.getvalue() == ""
