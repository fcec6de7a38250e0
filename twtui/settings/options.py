"""The command line's words, parsed by the table of settings and completed from all other places."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from twtui import __version__
from twtui.errors import EXIT_CODES, UsageError
from twtui.settings.table import (
    COMMANDS,
    CONFIG,
    DOCTOR,
    FILES,
    MONITOR,
    RECORD,
    Setting,
    settings_of,
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong through ``UsageError`` instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help lists the options")


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of one command, made from the table of settings; yields what was given, no defaults."""
    parser = _Parser(
        prog=f"twtui {command}".strip(),
        usage=_usage(command),
        description=f"Monitor BPF task work: {COMMANDS[command]}.",
        epilog=_commands_help() if command == MONITOR else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for setting in settings_of(command):
        _add(parser, setting)
    if command in FILES:
        # optional for the parser, as --json-schema needs none; options_of asks for them
        parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("-V", "--version", action="version", version=f"twtui {__version__}")
    return parser


def _usage(command: str) -> str | None:
    if command == RECORD:
        return "%(prog)s [options] [-- COMMAND [ARGUMENTS]]"
    return f"%(prog)s [options] {' '.join(FILES[command])}" if command in FILES else None


def _commands_help() -> str:
    commands = [f"  twtui {name:<8} {text}" for name, text in COMMANDS.items() if name]
    codes = [f"  {code:<3}  {meaning}" for code, meaning in EXIT_CODES.items()]
    return "\n".join(
        ["other commands (twtui COMMAND --help):", *commands, "", "exit codes:", *codes]
    )


def _add(parser: argparse.ArgumentParser, setting: Setting) -> None:
    flags = [f"-{setting.short}"] if setting.short else []
    default = setting.default_words
    text = setting.help + (f" (default: {default})" if default else "")
    options: dict[str, Any] = {"dest": setting.key, "default": argparse.SUPPRESS}
    if not setting.metavar:
        options["action"] = "count" if setting.repeats else "store_true"
    else:
        options |= {"type": setting.parse, "metavar": setting.metavar}
        if setting.repeats:
            options["action"] = "append"
        if setting.choices:
            options["choices"] = setting.choices
    parser.add_argument(*flags, f"--{setting.name}", help=text.replace("%", "%%"), **options)


def options_of(
    command: str, words: Sequence[str], environ: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """Every setting of one command by its ``key``; ``config`` says where each comes from.

    Raises:
        UsageError: A word, a variable or the config file is wrong.
        SystemExit: After ``--help`` and ``--version``.
    """
    flags, unknown = parser_of(command).parse_known_args(words)
    if unknown:
        raise _unknown(unknown[0], command)
    files = vars(flags).pop("files", [])
    if command in FILES and len(files) != len(FILES[command]) and "json_schema" not in flags:
        wanted = " ".join(FILES[command])
        raise UsageError(
            f"{len(files)} files are named, not {len(FILES[command])}",
            f"write: twtui {command} {wanted}",
        )
    from twtui.settings.config import load_config

    options = load_config(command, vars(flags), environ).namespace()
    options.files = files
    if "json_schema" not in flags:
        _refuse_useless(command, options)
    return options


def _refuse_useless(command: str, options: argparse.Namespace) -> None:
    """What a config file says is for the runs that can use it; a flag is meant for this one."""
    settings = {setting.name: setting for setting in settings_of(command)}
    for setting in settings.values():
        needed = [settings[name] for name in setting.needs if name in settings]
        if not needed or setting.key not in options.config.given:
            continue
        if all(getattr(options, other.key) in (None, False) for other in needed):
            named = [f"-{other.short}" if other.short else f"--{other.name}" for other in needed]
            raise UsageError(
                f"--{setting.name} does nothing without {' or '.join(named)}",
                f"add {' or '.join(named)}, or leave it out",
            )


def _unknown(word: str, command: str) -> UsageError:
    prog = f"twtui {command}".strip()
    if word in COMMANDS:
        return UsageError(f"{word!r} must come first", f"write: twtui {word} [options]")
    if word.startswith("-"):
        options = [f"--{setting.name}" for setting in settings_of(command)]
        hint = f"{prog} --help lists the options"
        return UsageError(
            f"unknown option {word}", _nearest(word.partition("=")[0], options) + hint
        )
    if word.isdecimal() and command not in (DOCTOR, CONFIG):
        return UsageError(f"unexpected word {word!r}", f"a process is named with -p {word}")
    hint = "twtui --help lists the commands"
    return UsageError(f"unknown command {word!r}", _nearest(word, COMMANDS) + hint)


def _nearest(word: str, known: Iterable[str]) -> str:
    """What may have been meant, for the start of a hint."""
    from difflib import get_close_matches  # 5 ms that only a mistake need spend

    near = get_close_matches(word, [name for name in known if name], 1)
    return f"is {near[0]} meant? " if near else ""
