"""One connection with a kernel process: what comes in one piece is taken batch by batch."""

from __future__ import annotations

import socket

from twtui.backend.channel import Channel
from twtui.batch_wire import pack_batch
from twtui.frames import FrameKind, pack_frame
from twtui.model.batch import Batch


def test_a_batch_says_whether_more_have_come() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours)
        batches = [pack_frame(FrameKind.BATCH, pack_batch(Batch(at_ns))) for at_ns in (1, 2, 3)]
        theirs.sendall(b"".join(batches))
        taken = [channel.next_batch(1.0) for _ in batches]
    assert [(batch.at_ns, batch.more) for batch in taken if batch] == [
        (1, True),
        (2, True),
        (3, False),
    ]
