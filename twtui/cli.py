"""The command line: parses, wires the parts together, and turns every error into two lines and a code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from twtui import __version__
from twtui.errors import TwtuiError, UnsupportedError, UsageError
from twtui.settings import COMMANDS, DEMO, DOCTOR, MONITOR, RECORD, Setting, settings_of

if TYPE_CHECKING:
    from logging import Logger

    from twtui.backend.base import Backend
    from twtui.model.plan import Plan, Target

_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong through ``UsageError`` instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help lists the options")


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of one command, made from the table of settings."""
    prog = f"twtui {command}".strip()
    parser = _Parser(
        prog=prog,
        description=f"Monitor BPF task work: {COMMANDS[command]}.",
        epilog=_commands_help() if command == MONITOR else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for setting in settings_of(command):
        _add(parser, setting)
    parser.add_argument("-V", "--version", action="version", version=f"twtui {__version__}")
    return parser


def _commands_help() -> str:
    lines = [f"  twtui {name:<8} {text}" for name, text in COMMANDS.items() if name]
    return "\n".join(
        ["other commands (twtui COMMAND --help):", *lines, "", "exit codes: 0 done, 1 error, 2 usage, "
         "3 loss, 4 not supported here,", "            5 not permitted, 6 no such target"]
    )  # fmt: skip


def _add(parser: argparse.ArgumentParser, setting: Setting) -> None:
    flags = [f"-{setting.short}"] if setting.short else []
    default = setting.default_text or (str(setting.default) if setting.metavar else "")
    text = setting.help + (f" (default: {default})" if default not in ("", "None") else "")
    options: dict[str, Any] = {"dest": setting.key, "default": setting.default}
    if not setting.metavar:
        options["action"] = "count" if setting.repeats else "store_true"
    else:
        options |= {"type": setting.parse, "metavar": setting.metavar}
        if setting.repeats:
            options["action"] = "append"
        if setting.choices:
            options["choices"] = setting.choices
    parser.add_argument(*flags, f"--{setting.name}", help=text.replace("%", "%%"), **options)


def say(text: str) -> None:
    """A message for a person, on standard error."""
    sys.stderr.write(f"twtui: {text}\n")
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
            sys.stderr.write(error.hint + "\n")
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
        sys.stderr.write(f"install it for this Python: {sys.executable} -m pip install {package}\n")
        return UnsupportedError.exit_code
    except Exception as error:
        _logger().debug("internal error", exc_info=error)
        say(f"internal error: {type(error).__name__}: {error}")
        sys.stderr.write("run it again with -vv and report what it says\n")
        return 1


def _run(arguments: list[str]) -> int:
    command = arguments[0] if arguments and arguments[0] in COMMANDS and arguments[0] else MONITOR
    rest = arguments[1:] if command else arguments
    try:
        options, unknown = parser_of(command).parse_known_args(rest)
    except SystemExit:  # after --help and --version
        return 0
    if unknown:
        raise _unknown(unknown[0], command)
    _set_up_logging(options)
    if options.no_color:
        os.environ["NO_COLOR"] = "1"
    run: dict[str, Callable[[argparse.Namespace, list[str]], int]] = {
        MONITOR: _monitor,
        RECORD: _record,
        DOCTOR: _doctor,
        DEMO: _demo,
    }
    return run[command](options, arguments)


def _unknown(word: str, command: str) -> UsageError:
    prog = f"twtui {command}".strip()
    if word in COMMANDS:
        return UsageError(f"{word!r} must come first", f"write: twtui {word} [options]")
    if word.startswith("-"):
        return UsageError(f"unknown option {word}", f"{prog} --help lists the options")
    if word.isdecimal() and command != DOCTOR:
        return UsageError(f"unexpected word {word!r}", f"a process is named with -p {word}")
    return UsageError(f"unknown command {word!r}", "twtui --help lists the commands")


def _logger() -> Logger:
    import logging

    return logging.getLogger("twtui")


def _set_up_logging(options: argparse.Namespace) -> None:
    import logging

    if not options.log_file and not options.verbose:
        return
    level = logging.DEBUG if options.verbose > 1 or options.log_file else logging.INFO
    try:
        handler: logging.Handler = (
            logging.FileHandler(options.log_file) if options.log_file else logging.StreamHandler()
        )
    except OSError as error:
        raise UsageError(
            f"cannot write {options.log_file}: {error.strerror}",
            "name another file with --log-file",
        ) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = _logger()
    logger.addHandler(handler)
    logger.setLevel(level)


def live_backend(_plan: Plan) -> Backend:
    """The backend that runs BPF programs."""
    from twtui.backend.live import LiveBackend

    return LiveBackend()


def checks() -> list[dict[str, Any]]:
    """What works on this machine, as the kernel process finds it."""
    from twtui.backend.live import LiveBackend

    return LiveBackend().doctor()


def obstacle() -> TwtuiError | None:
    """Why the live backend cannot run here; None when it can."""
    from twtui.doctor import first_obstacle

    return first_obstacle(checks())


def _need_terminal(instead: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the screen needs a terminal", f"without one, use: {instead}")


def _monitor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.planning import find_targets, make_plan

    _need_terminal("twtui record")
    targets = find_targets(options)
    plan = make_plan(options, targets)
    problem = obstacle()
    if problem is None:
        return _show(live_backend, plan if targets else None, options)
    if targets:
        raise problem
    return _show_made_up(options, problem)


def _show_made_up(options: argparse.Namespace, problem: TwtuiError) -> int:
    from twtui.backend.demo import DEMO_TARGET, DemoBackend
    from twtui.planning import make_plan

    plan = make_plan(options, (DEMO_TARGET,))
    return _show(lambda _: DemoBackend(reason=problem.message), plan, options)


def _show(
    make_backend: Callable[[Plan], Backend], plan: Plan | None, options: argparse.Namespace
) -> int:
    from twtui.model.enums import RunState
    from twtui.planning import make_plan
    from twtui.ui.app import TwtuiApp

    app = TwtuiApp(make_backend, plan, lambda targets: make_plan(options, targets))
    app.run()
    last = app.last_snapshot
    if last is not None and last.state is RunState.FAILED:
        raise TwtuiError(last.error, last.hint)
    return app.return_code or 0


def _demo(options: argparse.Namespace, _arguments: list[str]) -> int:
    _need_terminal("twtui record -p PID")
    problem = obstacle()
    if problem is not None:
        return _show_made_up(options, problem)
    from twtui.demo import Workload
    from twtui.planning import make_plan
    from twtui.processes import find_target

    with Workload() as workload:
        if options.trigger is None and options.capture is None:
            options.capture = workload.capture
        targets: tuple[Target, ...] = (find_target(workload.pid),)
        plan = make_plan(options, targets)
        return _show(live_backend, plan, options)


def _record(options: argparse.Namespace, arguments: list[str]) -> int:
    from twtui.output import LineWriter
    from twtui.planning import find_targets, make_plan
    from twtui.record import Limits, Recorder, ended_by_signals

    targets = find_targets(options)
    plan = make_plan(options, targets).check()
    writer = LineWriter(sys.stdout.fileno(), sys.stdout.encoding or "utf-8")
    recorder = Recorder(
        live_backend(plan),
        plan,
        writer,
        limits=Limits(options.duration or 0, options.count or 0),
        as_json=options.json,
        with_data=not options.no_data,
        argv=["twtui", *arguments],
        say=say,
    )
    try:
        with ended_by_signals(recorder.interrupted):
            recorder.run()
    finally:
        writer.close()
    return 0


def _doctor(options: argparse.Namespace, _arguments: list[str]) -> int:
    from twtui.doctor import first_obstacle, report

    found = checks()
    sys.stdout.write(report(found, options.json))
    sys.stdout.flush()
    problem = first_obstacle(found)
    return problem.exit_code if problem else 0
