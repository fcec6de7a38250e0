"""What a whole recording comes to, without reading all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twtui.model import fold
from twtui.model.batch import Batch
from twtui.model.capture import Read, read_of
from twtui.model.event import Event
from twtui.model.filter import Filter
from twtui.model.snapshot import Snapshot
from twtui.recording import Recording

TOP = 10
_VALUE_BYTES = 200
"""Values are the same when they begin the same."""
_CANDIDATES = 1000
Captures = Mapping[int, tuple[str, str]]


def final_snapshot(recording: Recording, window: int = 0) -> Snapshot:
    """The last snapshot of the run: what a replay of everything ends with.

    Args:
        recording: Open.
        window: Newest events in it.
    """
    batch = recording.jump(recording.batch_count, window)
    state = fold.opened(fold.starting(recording.meta.plan, max(window, 1)), recording.info)
    return fold.snapshot(fold.fold(state, batch, recording.newest_events(window)))


def batches(
    recording: Recording, keep: Filter | None = None
) -> Iterator[tuple[Batch, list[Event], Captures]]:
    """Every batch with its events, as far as a filter keeps them, and their captures."""
    captures: dict[int, tuple[str, str]] = {}
    names: dict[tuple[int, int], str] = {}
    for batch, events in recording.batches():
        if batch.captures:
            captures = {**captures, **batch.captures}
        names.update(batch.names)
        kept = events
        if keep:
            texts = captures.get
            kept = [e for e in events if keep.matches(e, *texts(e.capture, ("", "none")), names)]
        yield batch, kept, captures


@dataclass(frozen=True, slots=True)
class TopValue:
    """A value that was read often."""

    trigger: str
    capture: str
    pid: int
    """Whose stack it is; 0 for all other values, which are the same in every process."""
    data: bytes
    count: int


def top_values(recording: Recording, most: int = TOP) -> tuple[TopValue, ...]:
    """The values that were read most often, in at most as much memory as one page of SQLite's cache."""
    if not recording.meta.with_data:
        return ()
    counts: Counter[tuple[str, str, int, bytes]] = Counter()
    for first, last, texts in _spans(recording):
        stacks = [n for n, (_, capture) in texts.items() if read_of(capture) is Read.STACK]
        rows = recording.query(
            f"SELECT capture, iif(capture IN ({', '.join('?' * len(stacks))}), pid, 0),"
            " substr(data, 1, ?), count(*) AS n FROM events"
            " WHERE number >= ? AND number < ? AND length > 0 GROUP BY 1, 2, 3"
            " ORDER BY n DESC, 3, 2 LIMIT ?",
            *stacks, _VALUE_BYTES, first, last, _CANDIDATES,
        )  # fmt: skip
        for number, pid, data, count in rows:
            counts[(*texts.get(number, ("", "none")), pid, data)] += count
    return tuple(TopValue(*key, count) for key, count in counts.most_common(most))


def _spans(recording: Recording) -> Iterator[tuple[int, int, dict[int, tuple[str, str]]]]:
    """Ranges of event numbers in which a capture's index has one meaning."""
    texts: dict[int, tuple[str, str]] = {}
    first = 1
    rows = recording.query(
        "SELECT first_event, number, trigger, capture FROM captures ORDER BY first_event, batch"
    )
    for start, number, trigger, capture in rows:
        new = (trigger.decode(), capture.decode())
        if texts.get(number, new) != new and start > first:
            yield first, start, dict(texts)
            first = start
        texts[number] = new
    yield first, recording.event_count + 1, texts
