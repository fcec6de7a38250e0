"""The events in view, written to a new file as JSON Lines: header, events, summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twtui.errors import TwtuiError
from twtui.export import json_lines
from twtui.model.enums import RunState
from twtui.model.event import Event
from twtui.model.snapshot import Snapshot
from twtui.recording.ownership import (
    as_invoking_user,
    cannot_write,
    new_file,
    publish,
    refuse_existing,
)


def write_events(path: Path, snapshot: Snapshot, events: Sequence[Event]) -> None:
    """Write a file that was not there before, mode 0600, owned by whoever called.

    Args:
        path: Where.
        snapshot: What the events are from; its ledger becomes the summary.
        events: Those to write.

    Raises:
        TwtuiError: It exists, or cannot be written.
    """
    captures = dict(enumerate(zip(snapshot.triggers, snapshot.captures, strict=True)))
    lines = [
        json_lines.header(snapshot.plan, snapshot.info, ("twtui",)),
        *(json_lines.event(event, captures, names=snapshot.names) for event in events),
        json_lines.summary(snapshot, whole=snapshot.state is RunState.ENDED),
    ]
    data = "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace")
    with as_invoking_user():
        refuse_existing(path, force=False)
        try:
            made = new_file(path.parent, path.name)
            try:
                made.write_bytes(data)
                publish(made, path, force=False)
            except (OSError, TwtuiError):
                made.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise cannot_write(path, error) from None
