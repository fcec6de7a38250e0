"""Every way that the texts of a run take out of the program; each gives what it would write."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from twtui import cli
from twtui.backend.channel import Channel
from twtui.backend.kernel_process import _Said
from twtui.commands import config as config_command
from twtui.commands import doctor, plain
from twtui.commands import presets as presets_command
from twtui.commands.diff import diff
from twtui.commands.output import LineWriter
from twtui.commands.record_run import RecordRun
from twtui.commands.recorded import batches
from twtui.commands.report import report
from twtui.errors import TwtuiError
from twtui.export import json_lines
from twtui.export.chrome import trace
from twtui.export.csv import table
from twtui.export.folded import folded
from twtui.logs import HarmlessFormatter
from twtui.message import say
from twtui.model.batch import Batch
from twtui.model.enums import MapKind, TargetState
from twtui.model.ledger import Counters
from twtui.model.plan import Target
from twtui.model.presets import PRESETS
from twtui.model.snapshot import TargetView
from twtui.processes import ProcessRow
from twtui.recording import Recording
from twtui.settings.config import Config
from twtui.settings.config_file import ConfigFile, Value
from twtui.settings.table import SETTINGS
from twtui.ui.glyphs import UNICODE
from twtui.ui.lines import plain as plain_line
from twtui.ui.views.captured import Layout, Sources, event_line
from twtui.ui.views.detail import detail_lines
from twtui.ui.views.findings import findings_lines
from twtui.ui.views.heading import ViewState, banner_lines, heading_lines
from twtui.ui.views.log import log_lines
from twtui.ui.views.payload import copy_text
from twtui.ui.views.processes import process_line, status_line
from twtui.wire.frames import FrameKind, pack_json

from .hostile_run import HostileRun
from .support import HASH_RESUME, ScriptedBackend, reading, records

Sink = Callable[[HostileRun], str]


def message(run: HostileRun) -> str:
    """What stands on standard error."""
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        say(run.text)
    return written.getvalue()


def error_with_hint(run: HostileRun) -> str:
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        cli.main(["report", f"/nowhere/{run.text}".replace("\0", "")])
    return written.getvalue()


def log(run: HostileRun) -> str:
    """An entry with a traceback, as ``-vv`` and ``--log-file`` write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(HarmlessFormatter())
    # of its own, so that pytest does not keep the text: what runs tests side by side cannot take it
    logger = logging.Logger("twtui.test_sinks")
    logger.addHandler(handler)
    try:
        raise TwtuiError(run.text)
    except TwtuiError as error:
        logger.error("failed: %s", run.text, exc_info=error)
    return written.getvalue()


def event_lines(run: HostileRun) -> str:
    lines = [plain.event_line(item, run.captures, run.info) for item in run.events]
    assert all("\n" not in line for line in lines)
    return "\n".join(lines)


def run_as_text(run: HostileRun) -> str:
    """A whole run of ``record``, with what it says."""
    lines = os.memfd_create("lines")  # a pipe would be full one day
    said: list[str] = []
    writer = LineWriter(lines)
    batch = Batch(
        5, records(run.events), reading(quiet=True), run.captures, run.names, notes=(run.text,),
        end=True,
    )  # fmt: skip
    RecordRun(ScriptedBackend([batch]), run.plan, writer, say=said.append).run()
    writer.close()
    os.lseek(lines, 0, os.SEEK_SET)
    with os.fdopen(lines, encoding="utf-8") as file:
        text_lines = file.read()
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        for text in said:
            say(text)
    assert written.getvalue().count("\n") == len(said)
    return text_lines + written.getvalue()


def summary(run: HostileRun) -> str:
    return "\n".join([plain.opening(run.snapshot), *plain.summary_lines(run.snapshot)])


def as_json_lines(run: HostileRun) -> str:
    lines = [
        json_lines.header(run.plan, run.info, [run.text]),
        *(json_lines.event(item, run.captures, names=run.names) for item in run.events),
        json_lines.summary(run.snapshot),
    ]
    last = reading(
        {HASH_RESUME: Counters(errors={run.text: 1})},
        targets=(TargetView(1, run.text, 1, TargetState.RUNNING),),
    )
    lines.append(json_lines.reading(Batch(5, reading=last), "resume"))
    assert all("\n" not in line for line in lines)
    return "\n".join(map(checked_json, lines))


def checked_json(text: str) -> str:
    """The text, which has to be JSON for parsers that take no half characters."""
    json.dumps(json.loads(text), ensure_ascii=False).encode()
    assert text.isascii()
    return text


def csv_table(run: HostileRun) -> str:
    with Recording(run.path) as recording:
        return "".join(table(batches(recording)))


def chrome_trace(run: HostileRun) -> str:
    with Recording(run.path) as recording:
        return checked_json("".join(trace(batches(recording), {4242: run.text})))


def folded_stacks(run: HostileRun) -> str:
    with Recording(run.path) as recording:
        found = "".join(folded(batches(recording)))
    assert all(line.rpartition(" ")[2].isdecimal() for line in found.splitlines())
    return found


def report_text(run: HostileRun) -> str:
    with Recording(run.path) as recording:
        return report(recording, as_json=False)[0]


def report_json(run: HostileRun) -> str:
    with Recording(run.path) as recording:
        return checked_json(report(recording, as_json=True)[0])


def diff_text(run: HostileRun) -> str:
    return diff((run.text, run.text), (run.snapshot, run.snapshot), as_json=False)


def diff_json(run: HostileRun) -> str:
    return checked_json(diff((run.text, run.text), (run.snapshot, run.snapshot), as_json=True))


def _checks(run: HostileRun) -> list[dict[str, object]]:
    texts = dict.fromkeys(("name", "detail", "fix"), run.text)
    return [
        {**texts, "answer": "no", "required": True},
        {**texts, "answer": run.text, "required": False},
    ]


def doctor_text(run: HostileRun) -> str:
    trials = [dict.fromkeys(("type", "kfunc", "answer", "detail"), run.text)]
    return doctor.report(_checks(run), as_json=False, trials=trials)


def doctor_json(run: HostileRun) -> str:
    return checked_json(doctor.report(_checks(run), as_json=True))


def _presets(run: HostileRun, as_json: bool) -> str:
    subject = presets_command.Subject(Target(4242, 1, run.text), frozenset((run.text,)))
    return presets_command.report(PRESETS, [subject], _checks(run), as_json)


def presets_text(run: HostileRun) -> str:
    return _presets(run, as_json=False)


def presets_json(run: HostileRun) -> str:
    return checked_json(_presets(run, as_json=True))


def _config(run: HostileRun, as_json: bool) -> str:
    values = {s.key: Value(run.text, f"file {run.text}", run.text) for s in SETTINGS}
    file = ConfigFile(Path(f"/{run.text}"), keys={run.text: run.text})
    return config_command.report(Config(file, values, Path("/x")), as_json)


def config_text(run: HostileRun) -> str:
    return _config(run, as_json=False)


def config_json(run: HostileRun) -> str:
    return checked_json(_config(run, as_json=True))


def views(run: HostileRun) -> str:
    """What the screens draw, before anything is drawn."""
    snapshot = replace(run.snapshot, log=run.text)
    sources = Sources.of(snapshot)
    lines = [
        *heading_lines(snapshot, ViewState(tuple(MapKind)), 160, UNICODE),
        *banner_lines(snapshot, 160, UNICODE),
        *log_lines(run.text, 120, UNICODE),
        *findings_lines(_checks(run), run.text, run.text, 120, UNICODE),
    ]
    for item in snapshot.events:
        lines.append(event_line(item, sources, Layout.for_width(200), UNICODE))
        lines += detail_lines(item, sources, 160, UNICODE)
    row = ProcessRow(7, 1, run.text, 1, 0.0, "S", run.text, run.text)
    lines += [
        process_line(row, 160, UNICODE, selected=True, gone=False),
        status_line(row, [row], False, 160, UNICODE),
    ]
    copied = [copy_text(item, sources.capture(item), sources.names) for item in snapshot.events]
    return "\n".join([*(plain_line(line) for line in lines), *copied])


def sqlite_shell(run: HostileRun) -> str:
    """What the view for people gives, as the sqlite3 shell prints texts."""
    with contextlib.closing(sqlite3.connect(run.path)) as database:
        database.text_factory = lambda data: data.partition(b"\0")[0].decode("utf-8", "replace")
        rows = database.execute("SELECT comm, trigger, capture, text FROM captured").fetchall()
        stored = database.execute("SELECT data FROM events WHERE number = 4").fetchone()
    assert stored == (run.data,)
    return "\n".join("|".join(map(str, row)) for row in rows)


def remote_error(run: HostileRun) -> str:
    """An error of the kernel process on another machine."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(
            pack_json(FrameKind.ERROR, dict.fromkeys(("kind", "message", "hint"), run.text))
        )
        try:
            Channel(ours).ask(b"", FrameKind.DONE, 5)
        except TwtuiError as error:
            return f"{error.message}\n{error.hint}"
    raise AssertionError("no error came")


def said_by_ssh(run: HostileRun) -> str:
    """What comes over ssh before the greeting is shown at once."""
    reads, writes = os.pipe()
    shown_reads, shown_writes = os.pipe()
    before = os.dup(2)
    try:
        os.dup2(shown_writes, 2)
        said = _Said(os.fdopen(reads, "rb", buffering=0), shown=True)
        os.write(writes, run.data)
        os.close(writes)
        said.text()
        said.close()
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(shown_writes)
    with os.fdopen(shown_reads, encoding="utf-8") as file:
        return file.read()


SINKS: dict[str, Sink] = {
    sink.__name__: sink
    for sink in (
        message, error_with_hint, log, event_lines, run_as_text, summary, as_json_lines, csv_table,
        chrome_trace, folded_stacks, report_text, report_json, diff_text, diff_json, doctor_text,
        doctor_json, presets_text, presets_json, config_text, config_json, sqlite_shell, views,
        remote_error, said_by_ssh,
    )
}  # fmt: skip
"""By name. Each gives what it would write, as text."""
