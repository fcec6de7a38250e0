"""The connection with a kernel process that does not keep to anything: memory has a limit, errors are ours."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from twtui.backend import channel as module
from twtui.backend.channel import Channel
from twtui.backend.live import LiveBackend
from twtui.errors import TwtuiError
from twtui.kernel.outbox import Outbox
from twtui.model.batch import Batch
from twtui.wire.batches import MAX_HEAD_BYTES, MAX_NOTES, pack_batch, unpack_batch
from twtui.wire.frames import FrameKind, pack_frame, pack_json
from twtui.wire.layout import Records, WireError, pack_record
from twtui.wire.processes import unpack_paths, unpack_processes

from .support import event

ROW = [7, 1, "root", 1, 5, "S", "shop", "shop -x", False, 1]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def test_batches_come_in_order(ends: tuple[Channel, socket.socket]) -> None:
    channel, theirs = ends
    batches = [pack_frame(FrameKind.BATCH, pack_batch(Batch(at_ns))) for at_ns in (1, 2, 3)]
    theirs.sendall(b"".join(batches))
    taken = [channel.next_batch(1.0) for _ in batches]
    assert [batch.at_ns for batch in taken if batch] == [1, 2, 3]


def waiting(channel: Channel, timeout_s: float = 0.0) -> Iterator[Batch]:
    """Those that have come, or come within a time."""
    while batch := channel.next_batch(timeout_s):
        yield batch


def test_a_question_in_a_backlog_takes_in_no_more_than_was_under_way(
    ends: tuple[Channel, socket.socket],
) -> None:
    """Or an overload would have to end before a command could be sent."""
    channel, theirs = ends
    theirs.setblocking(False)
    outbox = Outbox(theirs.fileno())
    # of more than the other side sends before it looks whether there is a question
    frame = pack_frame(FrameKind.BATCH, pack_batch(Batch(5, pack_record(event()) * 15_000)))
    assert len(frame) > 1 << 20
    frames, questions = 50, 10
    for _ in range(frames):
        outbox.put(frame)

    def answer() -> None:
        answered = 0
        while answered < questions or outbox.unsent_bytes:
            readers = [theirs] if answered < questions else []
            readable, writable, _ = select.select(readers, [theirs], [], 10)
            if readable and theirs.recv(1):
                outbox.put(pack_frame(FrameKind.DONE), ahead=True)
                answered += 1
            if writable:
                outbox.flush()

    other_side = threading.Thread(target=answer)
    other_side.start()
    for _ in range(questions):
        channel.ask(b"?", FrameKind.DONE, 10)
    taken_in = len(list(waiting(channel)))
    assert questions <= taken_in <= 2 * questions
    assert taken_in + len(list(waiting(channel, 0.5))) == frames
    other_side.join(10)


def test_batches_that_hold_nothing_are_not_kept_without_end(
    ends: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 1 << 20)
    channel, theirs = ends
    flood = pack_frame(FrameKind.BATCH, pack_batch(Batch(5))) * 1000
    sender = threading.Thread(target=theirs.sendall, args=(flood,))
    sender.start()
    with pytest.raises(WireError, match="batches and no answer"):
        channel.ask(b"", FrameKind.DONE, 10)
    channel.shut_down()
    sender.join(10)


def test_the_log_of_an_error_keeps_its_end(
    ends: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LOG", 10)
    channel, theirs = ends
    theirs.sendall(pack_json(FrameKind.ERROR, {"message": "m", "log": "x" * 100 + "the reason"}))
    with pytest.raises(TwtuiError) as raised:
        channel.ask(b"", FrameKind.DONE, 10)
    assert raised.value.log == "the reason"


def test_a_head_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(WireError, match="a head of"):
        unpack_batch(struct.pack("<I", MAX_HEAD_BYTES + 1) + bytes(MAX_HEAD_BYTES + 1))


def test_of_many_notes_the_newest_stay() -> None:
    notes = tuple(map(str, range(MAX_NOTES + 5)))
    assert unpack_batch(pack_batch(Batch(5, notes=notes))).notes == notes[5:]


def test_long_names_lose_their_end() -> None:
    found = unpack_batch(pack_batch(Batch(5, names={(1, 2): "x" * 5000})))
    assert found.names[(1, 2)] == "x" * 999 + "…"


def test_a_record_larger_than_any_is_refused() -> None:
    body = bytearray(pack_record(event(0)))
    large = struct.pack("<I", 1 << 20) + bytes(body[4:]) + bytes(1 << 20)
    with pytest.raises(WireError, match="claims more data"):
        Records(large)


CHECK = {"name": "bcc", "answer": "no", "detail": "", "fix": "", "required": True, "exit_code": 4}


class Answering:
    """A kernel process that answers the doctor so."""

    def __init__(self, checks: object) -> None:
        self._checks = checks

    def take(self) -> Any:
        return self

    def give_back(self, _kernel: object) -> None:
        return

    def ask(self, *_: object) -> dict[str, Any]:
        return {"checks": self._checks}


@pytest.mark.parametrize(
    "changed", [{"fix": None}, {"required": 1}, {"exit_code": "4"}, {"exit_code": 256}, {"name": 5}]
)
def test_what_the_doctor_finds_elsewhere_is_of_known_types(changed: dict[str, Any]) -> None:
    assert LiveBackend(Answering([CHECK])).doctor() == [CHECK]
    with pytest.raises(WireError, match="no checks"):
        LiveBackend(Answering([{**CHECK, **changed}])).doctor()


@pytest.mark.parametrize("state", ["\x1b", "\u202e", "\u0301", "7", "", "SS", "é"])
def test_the_state_of_a_process_is_a_letter(state: str) -> None:
    assert unpack_processes({"processes": [ROW]})[0].state == "S"
    with pytest.raises(WireError):
        unpack_processes({"processes": [[*ROW[:5], state, *ROW[6:]]]})


def test_tables_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twtui.wire.processes._MOST_ROWS", 3)
    assert len(unpack_processes({"processes": [ROW] * 3})) == 3
    assert unpack_paths({"paths": ["/a", "/b"]}) == frozenset(("/a", "/b"))
    with pytest.raises(WireError):
        unpack_processes({"processes": [ROW] * 4})
    with pytest.raises(WireError):
        unpack_paths({"paths": ["/a"] * 4})
