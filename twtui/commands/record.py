"""The record command: from its options to a run, its lines, its recording and its verdict."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from twtui.backend.base import Backend
from twtui.commands.output import LineWriter, print_pieces
from twtui.commands.progress import Progress
from twtui.commands.record_run import Limits, RecordRun, ended_by_signals
from twtui.json_text import indented
from twtui.model.assertion import check, parse_assertion
from twtui.model.filter import parse_filter
from twtui.model.plan import Plan
from twtui.model.redaction import Redaction
from twtui.recording import Options, Recorder


def print_schema() -> int:
    """The JSON Schema of the lines, on standard output."""
    from twtui.export.schema import LINE_SCHEMA

    print_pieces([indented(LINE_SCHEMA)])
    return 0


def without_secrets(argv: list[str]) -> list[str]:
    """The words of a command line without the expression of ``--redact``, which may be the secret."""
    kept: list[str] = []
    for word in argv:
        if kept and kept[-1] == "--redact":
            kept.append("*")
        else:
            kept.append("--redact=*" if word.startswith("--redact=") else word)
    return kept


def record(
    options: argparse.Namespace,
    plan: Plan,
    make_backend: Callable[[Plan], Backend],
    argv: list[str],
    say: Callable[[str], None],
) -> int:
    """Run a plan to its end.

    Raises:
        LossError: An assertion has failed; the summary is written all the same.
        TwtuiError: It could not start, failed, or could not be recorded.
    """
    argv = without_secrets(argv)
    # everything that can be refused is refused before anything is written or attached
    assertions = [parse_assertion(text) for text in vars(options)["assert"] or ()]
    redaction = Redaction(options.redact) if options.redact is not None else None
    keep = parse_filter(options.filter) if options.filter is not None else None
    recorder = None
    if options.output is not None:
        recorder = Recorder(plan, argv, options.host)
        recorder.start(
            Path(options.output),
            None,
            Options(options.force, options.max_size or 0, not options.no_data, redaction),
        )
    with_lines = options.json or recorder is None
    progress = Progress(say, recorder, sys.stderr.isatty() and not _mixed(with_lines))
    writer = LineWriter(sys.stdout.fileno(), sys.stdout.encoding or "utf-8")
    run = RecordRun(
        make_backend(plan),
        plan,
        writer,
        limits=Limits(options.duration or 0, options.count or 0),
        as_json=options.json,
        with_readings=options.readings,
        with_events=with_lines,
        with_data=not options.no_data,
        redaction=redaction,
        keep=keep,
        recorder=recorder,
        argv=argv,
        say=progress.say,
        watch=progress.watch,
    )
    try:
        with ended_by_signals(run.interrupted):
            final = run.run()
    finally:
        progress.clear()
        writer.close()
    check(final, assertions, options.fail_on_loss)
    return 0


def _mixed(with_lines: bool) -> bool:
    """Lines go to the same terminal, so a line that is written over would be in their way."""
    return with_lines and sys.stdout.isatty()
