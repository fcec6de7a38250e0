"""What goes out comes in whole and in order, but for answers, which need not wait."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from twtui.kernel.outbox import Outbox


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def taken(reading: int, outbox: Outbox) -> bytes:
    """All that comes, flushed again and again."""
    data = b""
    while True:
        try:
            data += os.read(reading, 1 << 16)
        except BlockingIOError:
            if not outbox.unsent_bytes:
                return data
            outbox.flush()


def test_frames_keep_their_order(ends: tuple[int, int]) -> None:
    outbox = Outbox(ends[1])
    frames = [bytes([number]) * 50_000 for number in range(5)]
    for frame in frames:
        outbox.put(frame)
    assert outbox.unsent_bytes > 0
    assert taken(ends[0], outbox) == b"".join(frames)


def test_an_answer_waits_for_no_more_than_the_frame_that_is_under_way(
    ends: tuple[int, int],
) -> None:
    outbox = Outbox(ends[1])
    for letter in (b"a", b"b", b"c"):
        outbox.put(letter * 100_000)
    outbox.put(b"answer", ahead=True)
    letters = taken(ends[0], outbox)
    assert letters == b"a" * 100_000 + b"answer" + b"b" * 100_000 + b"c" * 100_000


def test_an_answer_overtakes_a_frame_of_which_nothing_is_out(ends: tuple[int, int]) -> None:
    outbox = Outbox(ends[1])
    size = 0
    # until the pipe is full to the byte
    while not outbox.unsent_bytes:
        outbox.put(b"-")
        size += 1
    outbox.put(b"batch")
    outbox.put(b"answer", ahead=True)
    assert taken(ends[0], outbox) == b"-" * (size - 1) + b"answer" + b"-batch"


def test_with_nothing_unsent_all_goes_at_once(ends: tuple[int, int]) -> None:
    outbox = Outbox(ends[1])
    outbox.put(b"whole", ahead=True)
    assert outbox.unsent_bytes == 0
    assert os.read(ends[0], 100) == b"whole"
