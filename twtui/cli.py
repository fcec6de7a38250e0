"""The command line: parses, wires the parts together, and turns every error into two lines and a code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twtui.errors import TwtuiError, UnsupportedError, UsageError
from twtui.harmless import harmless
from twtui.options import options_of
from twtui.reach import Reach
from twtui.settings import (
    COMMANDS,
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
    from logging import Logger

    from twtui.backend.base import Backend
    from twtui.model.plan import Plan, Target
    from twtui.model.presets import Preset

_INTERRUPTED = 130
_reach = Reach()


def say(text: str) -> None:
    """A message for a person, on standard error: one line, whatever is in it."""
    _write_error(f"twtui: {harmless(text)}\n")


def _say_hint(text: str) -> None:
    """What to do about it; a mark under the place of an error takes a second line."""
    _write_error("".join(f"{harmless(line)}\n" for line in text.split("\n")))


def _write_error(text: str) -> None:
    with suppress(OSError):  # a terminal that has been closed
        sys.stderr.write(text)
        sys.stderr.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except TwtuiError as error:
        say(error.message)
        if error.hint:
            _say_hint(error.hint)
        if error.log:
            _logger().info("%s", error.log)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # the reader has what it wanted; without this the interpreter complains at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        say(f"the Python package {package} is missing")
        _say_hint(f"install it for this Python: {sys.executable} -m pip install {package}")
        return UnsupportedError.exit_code
    except Exception as error:
        _logger().debug("internal error", exc_info=error)
        say(f"internal error: {type(error).__name__}: {error}")
        _say_hint("run it again with -vv and report what it says")
        return 1
    finally:
        _reach.end()


def _run(arguments: list[str]) -> int:
    command = arguments[0] if arguments and arguments[0] in COMMANDS and arguments[0] else MONITOR
    _reach.begin(command, arguments)
    rest = arguments[1:] if command else arguments
    started: list[str] = []
    if command == RECORD and "--" in rest:
        started = rest[rest.index("--") + 1 :]
        rest = rest[: rest.index("--")]
    try:
        options = options_of(command, rest)
    except SystemExit:  # after --help and --version
        return 0
    options.started = started
    if options.log_file or options.verbose:
        from twtui.logs import set_up

        set_up(options.log_file, options.verbose)
    if getattr(options, "host", None) is not None:
        _reach.go_to(options.host, options.host_command)
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    if getattr(options, "no_cache", False):
        os.environ["TWTUI_NO_CACHE"] = "1"  # the kernel process reads it
    run: dict[str, Callable[[argparse.Namespace, list[str]], int]] = {
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
    return run[command](options, arguments)


def _logger() -> Logger:
    import logging

    return logging.getLogger("twtui")


def live_backend(_plan: Plan) -> Backend:
    """The backend that runs BPF programs."""
    from twtui.backend.live import LiveBackend

    return LiveBackend(_reach.access.source)


def checks() -> list[dict[str, Any]]:
    """What works on the machine that is watched, as the kernel process finds it."""
    return _reach.access.checks()


def trials() -> list[dict[str, Any]]:
    """Which program types may schedule task work there, as the kernel process finds it."""
    return _reach.access.trials()


def obstacle() -> TwtuiError | None:
    """Why the live backend cannot run here; None when, as far as a quick look goes, it can."""
    from twtui.backend.readiness import seems_able

    if not _reach.is_elsewhere and seems_able():
        return _reach.connect()
    from twtui.doctor import first_obstacle

    return first_obstacle(checks())


def _need_terminal(instead: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screen needs a terminal", f"without one, use: {instead}")


def _monitor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.finding import find_targets
    from twtui.planning import make_plan

    _need_terminal("twtui record")
    targets = find_targets(options, say, machine=_reach.machine)
    plan = make_plan(options, targets)
    problem = obstacle()
    from twtui.screen_command import show, show_findings

    if problem is None:
        return show(options, live_backend, plan if targets else None, machine=_reach.machine)[1]
    if targets:
        raise problem
    return show_findings(options, problem, checks, live_backend)


def _demo(options: argparse.Namespace, _arguments: list[str]) -> int:
    _need_terminal("twtui record -p PID")
    from twtui.screen_command import show, stand_in

    problem = obstacle()
    if problem is not None:
        return show(options, *stand_in(options, problem))[1]
    from twtui.demo import Workload
    from twtui.planning import make_plan
    from twtui.processes import find_target

    with Workload() as workload:
        if options.trigger is None and options.capture is None:
            options.capture = workload.capture
        targets: tuple[Target, ...] = (find_target(workload.pid),)
        plan = make_plan(options, targets)
        return show(options, live_backend, plan)[1]


def _presets(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.presets_command import list_presets

    return list_presets(options, checks, _reach.machine)


def _config(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.config_command import show_config

    return show_config(options)


def _record(options: argparse.Namespace, arguments: list[str]) -> int:
    if options.json_schema:
        from twtui.record_command import print_schema

        return print_schema()
    _reach.access.may_ask = True
    if not options.started:
        return _record_targets(options, arguments, live_backend)
    if options.host is not None:
        raise UsageError("a command is started here, not on another machine", "leave --host out")
    from twtui.processes import find_target
    from twtui.started import StartedCommand, ThenGo

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
    from twtui.finding import find_targets
    from twtui.planning import make_plan
    from twtui.record_command import record

    found = find_targets(options, say, machine=_reach.machine)
    plan = make_plan(options, started + found).check()
    return record(options, plan, make_backend, ["twtui", *arguments], say)


def _replay(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.replay_command import replay
    from twtui.screen_command import show

    def refuse(_targets: tuple[Target, ...], _preset: Preset | None) -> Plan:
        raise UsageError("this is a recording", "start twtui to watch what runs now")

    return replay(options, lambda make_backend, plan: show(options, make_backend, plan, refuse)[0])


def _report(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.replay_command import report_recording

    return report_recording(options)


def _diff(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.replay_command import diff_recordings

    return diff_recordings(options)


def _export(options: argparse.Namespace, _arguments: list[str]) -> int:
    if options.json_schema:
        from twtui.record_command import print_schema

        return print_schema()
    from twtui.export_command import export_recording

    return export_recording(options)


def _doctor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.doctor import first_obstacle, report

    found = checks()
    tried = trials() if options.programs else None
    sys.stdout.write(report(found, options.json, tried))
    sys.stdout.flush()
    problem = first_obstacle(found)
    return problem.exit_code if problem else 0
