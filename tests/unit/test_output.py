"""Standard output: in order, whole lines, and no reader can hold up the writer of events."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.commands.output import LineWriter
from twtui.errors import TwtuiError
from twtui.model.event import Event

from .support import event


def name(item: Event) -> str:
    return item.data.decode()


class Pipe:
    """A pipe whose reader reads only when told."""

    def __init__(self) -> None:
        self.reads, self.writes = os.pipe()

    def read_all(self) -> list[str]:
        os.close(self.writes)
        self.writes = -1
        with os.fdopen(os.dup(self.reads), "rb") as file:
            return file.read().decode().splitlines()

    def close(self) -> None:
        for descriptor in (self.reads, self.writes):
            if descriptor >= 0:
                os.close(descriptor)
        self.reads = self.writes = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_lines_and_events_keep_their_order(pipe: Pipe) -> None:
    writer = LineWriter(pipe.writes)
    writer.line("first")
    writer.events([event(n) for n in range(600)], name)
    writer.line("last")
    writer.close()
    assert pipe.read_all() == ["first", *(f"ev-{n:05}" for n in range(600)), "last"]
    assert writer.unwritten == 0


def test_a_stalled_reader_holds_up_nobody_and_what_is_left_out_is_counted(pipe: Pipe) -> None:
    writer = LineWriter(pipe.writes, max_events=100)
    long_line = "x" * 4096
    for _ in range(50):
        writer.events([event(0)] * 10, lambda _: long_line)
    assert writer.unwritten >= 500 - 100 - 16 - 10
    writer.line("summary")
    read: list[str] = []
    descriptor = os.dup(pipe.reads)

    def drain() -> None:
        with os.fdopen(descriptor) as file:
            read.extend(file)

    reader = threading.Thread(target=drain)
    reader.start()
    writer.close()
    os.close(pipe.writes)
    pipe.writes = -1
    reader.join(10)
    assert read[-1] == "summary\n"
    assert len(read) - 1 + writer.unwritten == 500


def test_a_reader_that_leaves_is_noticed_and_no_error(pipe: Pipe) -> None:
    writer = LineWriter(pipe.writes)
    os.close(pipe.reads)
    pipe.reads = -1
    writer.line("anyone?")
    writer.events([event(0)], name)
    writer.close()
    assert writer.closed_by_reader
    assert writer.failed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_an_error() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        writer = LineWriter(descriptor)
        writer.line("text")
        with pytest.raises(TwtuiError, match="No space left"):
            writer.close()
        assert writer.failed
    finally:
        os.close(descriptor)


def test_a_line_that_cannot_be_made_is_not_lost_in_silence(pipe: Pipe) -> None:
    def form(item: Event) -> str:
        raise ZeroDivisionError

    writer = LineWriter(pipe.writes)
    writer.events([event(0)], form)
    with pytest.raises(ZeroDivisionError):
        writer.close()


def test_characters_that_the_terminal_lacks_are_written_out(pipe: Pipe) -> None:
    writer = LineWriter(pipe.writes, encoding="ascii")
    writer.line("12 µs ◆")
    writer.close()
    assert pipe.read_all() == ["12 \\xb5s \\u25c6"]


def test_a_pipe_that_does_not_block_is_waited_for(pipe: Pipe) -> None:
    os.set_blocking(pipe.writes, False)
    writer = LineWriter(pipe.writes)
    for _ in range(300):
        writer.line("y" * 1000)
    read = b""
    while len(read) < 300 * 1001:
        assert select.select([pipe.reads], [], [], 10)[0], "the writer gave up"
        read += os.read(pipe.reads, 1 << 16)
    writer.close()
    assert read == (b"y" * 1000 + b"\n") * 300
