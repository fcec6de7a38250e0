"""The commands that show a recording: replay on the screens, report and diff as text."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from twtui.backend.base import Backend
from twtui.backend.lines import LinesBackend
from twtui.backend.replay import ReplayBackend
from twtui.commands.diff import diff
from twtui.commands.output import print_pieces
from twtui.commands.recorded import final_snapshot
from twtui.commands.report import report
from twtui.engine import Engine
from twtui.errors import TwtuiError, UsageError
from twtui.message import say
from twtui.model.assertion import Assertion, check, parse_assertion
from twtui.model.filter import parse_filter
from twtui.model.plan import Plan
from twtui.model.snapshot import Snapshot
from twtui.recording import Recording

STANDARD_INPUT = "-"
Show = Callable[[Callable[[Plan], Backend], Plan], Snapshot | None]
"""Puts a run on the screen until the person leaves; gives its last snapshot."""


def replay(options: argparse.Namespace, show: Show) -> int:
    """Show a recording on the screens; without a terminal, but with something to assert, only check it.

    Raises:
        UsageError: There is no terminal and nothing to assert, or an expression is wrong.
        LossError: An assertion has failed.
        TwtuiError: The recording cannot be read.
    """
    name = options.files[0]
    assertions = [parse_assertion(text) for text in vars(options)["assert"] or ()]
    parse_filter(options.filter or "")
    checks = bool(assertions) or options.fail_on_loss
    on_screen = sys.stdout.isatty() and (name == STANDARD_INPUT or sys.stdin.isatty())
    if not on_screen and not checks:
        raise UsageError(
            "the screen needs a terminal",
            "without one, use: twtui report FILE, or --assert",
        )
    if name == STANDARD_INPUT:
        final, whole = _replay_lines(show, on_screen)
    else:
        final, whole = _replay_file(options, Path(name), show, on_screen)
    check(final, assertions, options.fail_on_loss, whole)
    return 0


def _replay_file(
    options: argparse.Namespace, path: Path, show: Show, on_screen: bool
) -> tuple[Snapshot, bool]:
    """The last snapshot, and whether the run is whole."""
    with Recording(path) as recording:
        plan, whole = recording.meta.plan, recording.whole
        final = final_snapshot(recording)
    if on_screen:
        show(lambda _: ReplayBackend(path, speed=options.speed), plan)
    return final, whole


def _replay_lines(show: Show, on_screen: bool) -> tuple[Snapshot, bool]:
    """The last snapshot, and whether the run is whole."""
    if sys.stdin.isatty():
        raise UsageError(
            "standard input is a terminal", "pipe twtui record --json into twtui replay -"
        )
    backend = LinesBackend(os.dup(sys.stdin.fileno()))
    plan = backend.plan()
    if not on_screen:
        return _run_to_end(backend, plan), backend.whole
    # the keys come from the terminal, which standard input is not
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        raise UsageError("the screen needs a terminal", "there is none for the keys") from None
    os.dup2(terminal, sys.stdin.fileno())
    os.close(terminal)
    last = show(lambda _: backend, plan)
    if last is None:
        raise TwtuiError("the replay did not begin")
    return last, backend.whole


def _run_to_end(backend: Backend, plan: Plan) -> Snapshot:
    engine = Engine(backend, plan, lambda _: None, clock=time.monotonic_ns)
    engine.open()
    while engine.step():
        pass
    engine.stop()
    for note in engine.latest.notes:
        say(note)
    if engine.failure is not None:
        raise engine.failure
    return engine.latest


def report_recording(options: argparse.Namespace) -> int:
    """Print what a recording comes to.

    Raises:
        LossError: An assertion has failed; the report is printed all the same.
        TwtuiError: The recording cannot be read.
    """
    assertions: list[Assertion] = [parse_assertion(text) for text in vars(options)["assert"] or ()]
    with Recording(Path(options.files[0])) as recording:
        text, final = report(recording, options.json)
        whole = recording.whole
    print_pieces([text])
    check(final, assertions, options.fail_on_loss, whole)
    return 0


def diff_recordings(options: argparse.Namespace) -> int:
    """Print two recordings side by side.

    Raises:
        TwtuiError: One of them cannot be read.
    """
    finals = []
    for name in options.files:
        with Recording(Path(name)) as recording:
            finals.append(final_snapshot(recording))
    names = (Path(options.files[0]).name, Path(options.files[1]).name)
    print_pieces([diff(names, (finals[0], finals[1]), options.json)])
    return 0
