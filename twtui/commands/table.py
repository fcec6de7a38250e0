"""The commands: each takes its options, is wired to the parts that it needs, and returns an exit code.

The parts are imported when a command runs, so that none pays for another's.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twtui.commands.reach import Reach
from twtui.errors import TwtuiError, UsageError
from twtui.message import say
from twtui.settings.table import (
    CONFIG,
    DEMO,
    DIFF,
    DOCTOR,
    EXPORT,
    MONITOR,
    PRESETS,
    RECORD,
    REPLAY,
    REPORT,
)

if TYPE_CHECKING:
    from twtui.backend.base import Backend
    from twtui.model.plan import Plan, Target

reach = Reach()
"""The way to the kernel process of the call that runs."""


def live_backend(_plan: Plan) -> Backend:
    """The backend that runs BPF programs."""
    from twtui.backend.live import LiveBackend

    return LiveBackend(reach.access.source)


def checks() -> list[dict[str, Any]]:
    """What works on the machine that is watched, as the kernel process finds it."""
    return reach.access.checks()


def trials() -> list[dict[str, Any]]:
    """Which program types may schedule task work there, as the kernel process finds it."""
    return reach.access.trials()


def obstacle() -> TwtuiError | None:
    """Why the live backend cannot run here; None when, as far as a quick look goes, it can."""
    from twtui.backend.readiness import seems_able

    if not reach.is_elsewhere and seems_able():
        return reach.connect()
    from twtui.commands.doctor import first_obstacle

    return first_obstacle(checks())


def _need_terminal(instead: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screen needs a terminal", f"without one, use: {instead}")


def _monitor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.finding import find_targets
    from twtui.commands.planning import make_plan

    _need_terminal("twtui record")
    targets = find_targets(options, say, machine=reach.machine)
    plan = make_plan(options, targets)
    problem = obstacle()
    from twtui.commands.screen import show, show_findings

    if problem is None:
        return show(options, live_backend, plan if targets else None, machine=reach.machine)[1]
    if targets:
        raise problem
    return show_findings(options, problem, checks, live_backend)


def _demo(options: argparse.Namespace, _arguments: list[str]) -> int:
    _need_terminal("twtui record -p PID")
    from twtui.commands.screen import show, stand_in

    problem = obstacle()
    if problem is not None:
        return show(options, *stand_in(options, problem), can_pick=False)[1]
    from twtui.commands.demo import Workload
    from twtui.commands.planning import make_plan
    from twtui.processes import find_target

    with Workload() as workload:
        if options.trigger is None and options.capture is None:
            options.capture = workload.capture
        targets: tuple[Target, ...] = (find_target(workload.pid),)
        plan = make_plan(options, targets)
        return show(options, live_backend, plan)[1]


def _presets(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.presets import list_presets

    return list_presets(options, checks, reach.machine)


def _config(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.config import show_config

    return show_config(options)


def _record(options: argparse.Namespace, arguments: list[str]) -> int:
    if options.json_schema:
        from twtui.commands.record import print_schema

        return print_schema()
    reach.access.may_ask = True
    if not options.started:
        return _record_targets(options, arguments, live_backend)
    if options.host is not None:
        raise UsageError("a command is started here, not on another machine", "leave --host out")
    from twtui.commands.started import StartedCommand, ThenGo
    from twtui.processes import find_target

    with StartedCommand(options.started, say=say) as command:
        targets = (find_target(command.pid),)
        return _record_targets(
            options, arguments, lambda plan: ThenGo(live_backend(plan), command), targets
        )


def _record_targets(
    options: argparse.Namespace,
    arguments: list[str],
    make_backend: Callable[[Plan], Backend],
    started: tuple[Target, ...] = (),
) -> int:
    from twtui.commands.finding import find_targets
    from twtui.commands.planning import make_plan
    from twtui.commands.record import record

    found = find_targets(options, say, machine=reach.machine)
    plan = make_plan(options, started + found).check()
    return record(options, plan, make_backend, ["twtui", *arguments], say)


def _replay(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.replay import replay
    from twtui.commands.screen import show

    return replay(options, lambda *source: show(options, *source, can_pick=False)[0])


def _report(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.replay import report_recording

    return report_recording(options)


def _diff(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.replay import diff_recordings

    return diff_recordings(options)


def _export(options: argparse.Namespace, _arguments: list[str]) -> int:
    if options.json_schema:
        from twtui.commands.record import print_schema

        return print_schema()
    from twtui.commands.export import export_recording

    return export_recording(options)


def _doctor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.commands.doctor import first_obstacle, report
    from twtui.commands.output import print_pieces

    found = checks()
    tried = trials() if options.programs else None
    print_pieces([report(found, options.json, tried)])
    problem = first_obstacle(found)
    return problem.exit_code if problem else 0


COMMAND: Mapping[str, Callable[[argparse.Namespace, list[str]], int]] = {
    MONITOR: _monitor,
    RECORD: _record,
    DOCTOR: _doctor,
    DEMO: _demo,
    PRESETS: _presets,
    CONFIG: _config,
    REPLAY: _replay,
    REPORT: _report,
    EXPORT: _export,
    DIFF: _diff,
}
"""By their names; each takes its options and the whole command line."""
