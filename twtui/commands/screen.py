"""The commands that show screens: over a live run, over what stands in for one, over what is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twtui.backend.base import Backend
from twtui.backend.replay import ReplayBackend
from twtui.commands.doctor import first_obstacle
from twtui.commands.planning import make_plan
from twtui.errors import TwtuiError
from twtui.model.plan import Plan, Target
from twtui.model.presets import Preset
from twtui.model.snapshot import Snapshot

MakeBackend = Callable[[Plan], Backend]
Source = tuple[MakeBackend, Plan]
Checks = Callable[[], Sequence[dict[str, Any]]]


def show(
    options: argparse.Namespace,
    make_backend: MakeBackend,
    plan: Plan | None,
    **more: Any,
) -> tuple[Snapshot | None, int]:
    """Show the screens until the person leaves.

    Args:
        options: Of the command.
        make_backend: Makes the backend of a plan.
        plan: What to run at once; None: let the person pick.
        more: Further arguments of the application.

    Returns:
        The last snapshot and the exit code.

    Raises:
        TwtuiError: The run that was shown last had failed.
        Exception: The screens had.
    """
    from twtui.ui.app import TwtuiApp
    from twtui.ui.start import screen_settings, tune_collector

    def as_asked(targets: tuple[Target, ...], preset: Preset | None = None) -> Plan:
        return make_plan(options, targets, preset)

    app = TwtuiApp(make_backend, plan, as_asked, **screen_settings(options), **more)
    tune_collector()
    with _drawing_on_terminal():
        app.run()
    if app.failure is not None:
        raise app.failure
    return app.last_snapshot, app.return_code or 0


@contextmanager
def _drawing_on_terminal() -> Iterator[None]:
    """Textual draws on standard error; where that is a file, standard output is the terminal."""
    error = sys.__stderr__
    if error is not None and not error.isatty() and sys.__stdout__ is not None:
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = error  # type: ignore[misc]


def show_findings(
    options: argparse.Namespace, problem: TwtuiError, checks: Checks, make_backend: MakeBackend
) -> int:
    """Show what is missing here, and offer what works without it.

    Args:
        options: Of the command.
        problem: What stands in the way.
        checks: Runs the doctor's checks.
        make_backend: For when nothing stands in the way any more.

    Raises:
        TwtuiError: What stands in the way, when the person has left it at that.
    """
    from twtui.ui.screens.findings import Findings

    in_the_way: TwtuiError | None = problem

    def look_again() -> tuple[Sequence[dict[str, Any]], TwtuiError | None]:
        nonlocal in_the_way
        found = checks()
        in_the_way = first_obstacle(found)
        return found, in_the_way

    def recorded(path: Path) -> Source:
        return lambda _: ReplayBackend(path), ReplayBackend(path).plan()

    findings = Findings(checks(), problem, look_again, lambda: stand_in(options, problem), recorded)
    shown, code = show(options, make_backend, None, findings=findings)
    if shown is None and in_the_way is not None:
        raise in_the_way
    return code


def stand_in(options: argparse.Namespace, problem: TwtuiError) -> Source:
    """The shipped recording; made-up data for a plan of the caller's own, which it is not of."""
    if options.trigger is None and options.capture is None:
        from twtui.commands.demo import RECORDING

        reason = f"recorded on Linux 6.18, because here: {problem.message}"
        plan = ReplayBackend(RECORDING).plan()
        return lambda _: ReplayBackend(RECORDING, reason=reason), plan
    from twtui.backend.demo import DEMO_TARGET, DemoBackend

    plan = make_plan(options, (DEMO_TARGET,))
    return lambda _: DemoBackend(reason=problem.message), plan
