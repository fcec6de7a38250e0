"""The export command: a recording in another form, on standard output or in a file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from twtui.commands import recorded
from twtui.commands.output import print_pieces
from twtui.errors import UsageError
from twtui.export import json_lines
from twtui.export.chrome import trace
from twtui.export.csv import table
from twtui.export.folded import folded
from twtui.model.batch import Batch
from twtui.model.event import Event
from twtui.model.filter import Filter, parse_filter
from twtui.recording import Recording, ownership


def export_recording(options: argparse.Namespace) -> int:
    """Write the events of a recording in the wanted form.

    Raises:
        UsageError: The filter is wrong, or the form has no place for what is wanted.
        TwtuiError: The recording cannot be read, or the file not be written.
    """
    if options.readings and options.format != "jsonl":
        raise UsageError(f"-f {options.format} has no place for readings", "leave --readings out")
    keep = parse_filter(options.filter) if options.filter is not None else None
    with Recording(Path(options.files[0])) as recording:
        pieces = _pieces(options.format, recording, keep, options.readings)
        if options.output is None:
            print_pieces(pieces)
        else:
            _to_file(pieces, Path(options.output), options.force)
    return 0


def _pieces(
    form: str, recording: Recording, keep: Filter | None, with_readings: bool
) -> Iterator[str]:
    with_data = recording.meta.with_data
    batches = recorded.batches(recording, keep)
    match form:
        case "csv":
            return table(batches, with_data)
        case "chrome":
            names = {target.pid: target.name for target in recording.meta.plan.targets}
            return trace(batches, names, with_data)
        case "folded":
            return folded(batches)
    return _lines(recording, batches, with_readings)


def _lines(
    recording: Recording,
    batches: Iterator[tuple[Batch, list[Event], recorded.Captures]],
    with_readings: bool,
) -> Iterator[str]:
    names: dict[tuple[int, int], str] = {}
    meta = recording.meta
    yield json_lines.header(meta.plan, meta.info, meta.argv) + "\n"
    readings = json_lines.ReadingLines(str(meta.plan.mode)) if with_readings else None
    for batch, events, captures in batches:
        names.update(batch.names)
        lines = [json_lines.event(event, captures, meta.with_data, names) for event in events]
        if readings and (line := readings.of(batch)):
            lines.append(line)
        yield "".join(line + "\n" for line in lines)
    if readings and (line := readings.rest()):
        yield line + "\n"
    final = recorded.final_snapshot(recording)
    yield json_lines.summary(final, whole=recording.whole) + "\n"


def _to_file(pieces: Iterator[str], path: Path, force: bool) -> None:
    ownership.refuse_existing(path, force, with_side_files=False)
    try:
        with ownership.as_invoking_user():
            made = ownership.new_file(path.parent, path.name)
            try:
                with made.open("wb") as file:
                    for piece in pieces:
                        file.write(piece.encode("utf-8", "backslashreplace"))
                ownership.publish(made, path, force)
            finally:
                made.unlink(missing_ok=True)
    except OSError as error:
        raise ownership.cannot_write(path, error) from None
