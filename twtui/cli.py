"""The command line: parses it, runs the command, and turns every error into two lines and a code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twtui.commands.table import COMMAND, reach
from twtui.errors import INTERRUPTED, TwtuiError, UnsupportedError
from twtui.message import say, say_hint
from twtui.settings.options import options_of
from twtui.settings.table import COMMANDS, MONITOR, RECORD

if TYPE_CHECKING:
    from logging import Logger


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _see_to_streams()
        return _run(arguments)
    except TwtuiError as error:
        say(error.message)
        if error.hint:
            say_hint(error.hint)
        if error.log:
            _logger().info("%s", error.log)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return 0  # the reader has what it wanted
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        say(f"the Python package {package} is missing")
        say_hint(f"install it for this Python: {sys.executable} -m pip install {package}")
        return UnsupportedError.exit_code
    except Exception as error:
        _logger().debug("internal error", exc_info=error)
        say(f"internal error: {type(error).__name__}: {error}")
        say_hint("run it again with -vv and report what it says")
        return 1
    finally:
        reach.end()


def _see_to_streams() -> None:
    """Put something harmless in the place of a stream that the caller has closed.

    Raises:
        TwtuiError: It is the one that takes what a command is run for.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))
    if sys.stdout is None:
        raise TwtuiError("standard output is closed", "send it to a file, or to /dev/null")


def _run(arguments: list[str]) -> int:
    command = arguments[0] if arguments and arguments[0] in COMMANDS and arguments[0] else MONITOR
    reach.begin(command, arguments)
    rest = arguments[1:] if command else arguments
    started: list[str] = []
    if command == RECORD and "--" in rest:
        started = rest[rest.index("--") + 1 :]
        rest = rest[: rest.index("--")]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            options = options_of(command, rest)
    except SystemExit:  # after --help and --version
        from twtui.commands.output import print_pieces

        print_pieces([said.getvalue()])
        return 0
    options.started = started
    if options.log_file or options.verbose:
        from twtui.logs import set_up

        set_up(options.log_file, options.verbose)
    if getattr(options, "host", None) is not None:
        reach.go_to(options.host, options.host_command)
    if options.color and "no_color" not in options.config.given:
        os.environ.pop("NO_COLOR", None)
    elif options.no_color:
        os.environ["NO_COLOR"] = "1"
    if getattr(options, "no_cache", False):
        os.environ["TWTUI_NO_CACHE"] = "1"  # the kernel process reads it
    return COMMAND[command](options, arguments)


def _logger() -> Logger:
    import logging

    return logging.getLogger("twtui")
