"""The report command: what a recording comes to, as text or as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from twtui.commands import plain
from twtui.commands.recorded import TopValue, final_snapshot, top_values
from twtui.export import json_lines
from twtui.harmless import shortened, written_out
from twtui.json_text import indented
from twtui.model.capture import Read, decode_number, read_of
from twtui.model.content import Names, functions_of, named_frames
from twtui.model.ledger import LOSSES
from twtui.model.snapshot import Snapshot
from twtui.recording import Recording
from twtui.ui.escape import escape_bytes
from twtui.ui.text import count, duration, wall_date

_SHOWN_CHARACTERS = 80
_ENDS = {
    "end": "the run came to its end",
    "stopped": "the recording was stopped before the run ended",
    "max-size": "the recording had reached --max-size",
    "failed": "the recording could not be written any more",
    "": "the recording was cut off",
}


def report(recording: Recording, as_json: bool) -> tuple[str, Snapshot]:
    """The report, and the snapshot that it is of.

    Raises:
        TwtuiError: The file is damaged.
    """
    final = final_snapshot(recording)
    top = top_values(recording)
    if as_json:
        return indented(_object(recording, final, top)), final
    return "\n".join(
        [*_head(recording, final), *plain.summary_lines(final), *_tail(final, top)]
    ) + "\n", final


def _head(recording: Recording, final: Snapshot) -> list[str]:
    meta, info = recording.meta, recording.meta.info
    made = [f"twtui {meta.version}", f"kernel {info.kernel}" if info.kernel else info.name]
    if meta.host:
        made.append(f"on {written_out(meta.host)}")
    lines = [
        f"{written_out(recording.path.name)}: {', '.join(written_out(word) for word in made)}",
        plain.opening(final),
        f"{wall_date(recording.start_ns, info.clock_offset_ns)}, {duration(final.elapsed_ns)}, "
        f"{count(recording.event_count)} events; {_ENDS.get(meta.ended, written_out(meta.ended))}",
    ]
    kept = [
        text
        for text, holds in (
            ("recorded without data", not meta.with_data),
            ("parts of the data were blotted out", meta.redacted),
        )
        if holds
    ]
    return lines + kept


def _tail(final: Snapshot, top: tuple[TopValue, ...]) -> list[str]:
    lines = []
    losses = [
        f"{name} {count(number)}" for name in LOSSES if (number := getattr(final.total, name))
    ]
    lines.append("losses: " + (", ".join(losses) or "none"))
    if top:
        rows = [
            [
                count(value.count),
                written_out(value.trigger),
                written_out(value.capture),
                _shown(value, final.names),
            ]
            for value in top
        ]
        cells = plain.table(["count", "trigger", "capture", "value"], rows, 4)
        lines += ["", "read most often", *cells]
    if final.notes:
        lines += ["", "notes", *(f"  {written_out(note)}" for note in final.notes)]
    return lines


def _shown(value: TopValue, names: Names) -> str:
    read = read_of(value.capture)
    number = decode_number(read, value.data)
    if number is not None:
        return f"{number} ({number & (1 << 64) - 1:#x})"
    if read is Read.STACK:
        text = written_out(" < ".join(named_frames(value.data, value.pid, names)))
    elif read is Read.PYTHON:
        text = written_out(" < ".join(functions_of(value.data, read)))
    else:
        text = escape_bytes(value.data.removesuffix(b"\0"), _SHOWN_CHARACTERS)
    return shortened(text, _SHOWN_CHARACTERS)


def _content(value: TopValue, names: Names) -> dict[str, Any]:
    read = read_of(value.capture)
    data = value.data.removesuffix(b"\0") if read is Read.STRING else value.data
    return json_lines.content(read, data, value.pid, names)


def _object(recording: Recording, final: Snapshot, top: tuple[TopValue, ...]) -> dict[str, Any]:
    meta = recording.meta
    summary = json.loads(json_lines.summary(final))
    header = json.loads(json_lines.header(meta.plan, meta.info, meta.argv))
    del summary["type"], header["type"]
    return {
        **header,
        "version": meta.version,
        "host": meta.host,
        "ended": meta.ended or "cut off",
        "events": recording.event_count,
        **summary,
        "losses": {name: getattr(final.total, name) for name in LOSSES},
        "top": [
            {
                "count": value.count,
                "trigger": value.trigger,
                "capture": value.capture,
                **_content(value, final.names),
            }
            for value in top
        ],
        "notes": list(final.notes),
    }
