"""The manual page, section 8: the tables of the program between a few paragraphs."""

from __future__ import annotations

from collections.abc import Iterable

from manual.config_example import PRESET
from manual.roff import items, literal, paragraph, prose, section, subsection, word
from manual.values import flags_of
from twtui import __version__
from twtui.errors import EXIT_CODES
from twtui.model.presets import PRESETS
from twtui.model.reference import CAPTURE_FORMS, TRIGGER_FORMS, Form
from twtui.settings.table import COMMANDS, FILES, MONITOR, RECORD, SETTINGS, Setting
from twtui.ui.keys import KEYS, Where

_DATE = "November 28, 2026"
"""Of the last change of the paragraphs here."""
_HEAD = f"""\
.\\" Written by make docs from the tables of the program; change it there.
.Dd {_DATE}
.Dt TWTUI 8
.Os "twtui {__version__}"
.Sh NAME
.Nm twtui
.Nd monitor for BPF task work
"""
_DESCRIPTION = (
    """A BPF program that runs where nothing may wait, in an interrupt or at the entry of a system call,
    cannot read memory that is not mapped in at that moment. Linux 6.18 lets it leave a callback with the
    task, which runs it just before it goes back to user space, where pages can be faulted in. This is task
    work. twtui schedules such callbacks on the processes that you pick, shows what they read, and
    counts what was scheduled, what ran, how late, and what was refused, cancelled or lost.""",
    """Without a command it shows a list of processes to pick from, or goes straight to the monitor when
    one is named. Watching takes Linux 6.18 or later with BTF, BCC for the distribution's Python, and the right to load
    BPF programs: where the caller lacks it, sudo(8) is asked for the one process that needs it, and CAP_BPF with
    CAP_PERFMON is enough for samples and probes. `twtui doctor` says what is missing and what fixes it. Recordings can be looked at without any of that.""",
)
_OPTIONS = """An option is looked for on the command line, then among the environment's variables, then in the config
    file; `twtui config` shows what holds, and why."""
_EXAMPLES = (
    ("Pick a process and what to watch:", "twtui"),
    ("Which paths does a process name?", "twtui -p 4242 --preset files"),
    ("Which paths does a command name, found or not?", "twtui record --preset files -- ls /nowhere"),
    (
        "Fail when callbacks come late or get lost:",
        "twtui record -p 4242 -d 10s --assert 'p99(resume) < 1ms' --fail-on-loss",
    ),
    ("Keep a run, and look at it elsewhere:", "twtui record -p 4242 -d 1m -o run.twtui\ntwtui replay run.twtui"),
    ("What does another machine see?", "ssh host twtui record -p 4242 --json | twtui replay -"),
)  # fmt: skip
_ENVIRONMENT = (
    ("TWTUI_CONFIG", "The config file, as with `--config`."),
    ("NO_COLOR", "No colors, when it is set to anything."),
    ("XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME", "Where the files below are, for users who set them."),
    ("SUDO_UID", "Under sudo: whose config file is read, and who owns what is written."),
)  # fmt: skip
_FILES = (
    (
        "~/.config/twtui/config.toml",
        "The config file. It is read only if it belongs to the user or to root. Its keys are the names of options "
        "without dashes in front; `[presets.NAME]` adds presets, `[keys]` changes keys. "
        "share/doc/twtui/twtui.toml is an example with every key.",
    ),
    ("/var/cache/twtui, ~/.cache/twtui", "Compiled programs, kept for the next start; `--no-cache` leaves them alone."),
    ("~/.local/state/twtui/state.json", "What was picked last."),
)  # fmt: skip
_SECURITY = (
    """What a process has in its memory may be secret. `--no-data` keeps the counts and leaves the data out, `--redact`
    puts asterisks in the place of what matches (by Python's re, which backtracks: avoid a repeat inside a repeat). Recordings are made with mode 0600 and belong to whoever called
    sudo. Everything that comes from a process is escaped before it reaches the terminal.""",
    """The mode `signal` wakes sleeping tasks: most blocked calls are restarted by the kernel, but some return
    EINTR, epoll_wait(2) among them.""",
)


def man_page() -> str:
    """The whole page, in mdoc(7)."""
    return "".join(
        (
            _HEAD,
            section("SYNOPSIS", *map(_synopsis, COMMANDS)),
            section("DESCRIPTION", *map(paragraph, _DESCRIPTION)),
            section(
                "COMMANDS",
                items((word(name), prose(f"{_capital(text)}.")) for name, text in COMMANDS.items() if name),
            ),
            section("OPTIONS", paragraph(_OPTIONS), items(map(_option, SETTINGS))),
            section("PRESETS", items(_presets())),
            section("TRIGGERS", items(map(_form, TRIGGER_FORMS))),
            section("CAPTURES", items(map(_form, CAPTURE_FORMS))),
            section("KEYS", *map(_keys, Where)),
            section("ENVIRONMENT", paragraph(_variables()), _definitions(_ENVIRONMENT)),
            section("FILES", _definitions(_FILES), paragraph("An example:"), literal(_example())),
            section("EXIT STATUS", _definitions((str(code), f"{text}.") for code, text in EXIT_CODES.items())),
            section("EXAMPLES", *(paragraph(text) + literal(line) for text, line in _EXAMPLES)),
            section("SEE ALSO", ".Xr strace 1 ,\n.Xr bpftrace 8 ,\n.Xr sudo 8\n"),
            section("SECURITY CONSIDERATIONS", *map(paragraph, _SECURITY)),
        )
    )  # fmt: skip


def _synopsis(command: str) -> str:
    words = ["options"] if command != MONITOR else [_named(s) for s in SETTINGS[:1]] + ["options"]
    arguments = "".join(f" Ar {name}" for name in FILES.get(command, ()))
    cm = f".Cm {command}\n" if command else ""
    options = "".join(f".Op {f'Ar {text}' if text == 'options' else text}\n" for text in words)
    more = ".Op Fl - Ar command Op Ar argument ...\n" if command == RECORD else ""
    return f".Nm\n{cm}{options}{more}" + (f".{arguments.strip()}\n" if arguments else "")


def _named(setting: Setting) -> str:
    flag = f"Fl {setting.short}" if setting.short else f"Fl -{setting.name}"
    return f"{flag} Ar {setting.metavar}" if setting.metavar else flag


def _option(setting: Setting) -> tuple[str, str]:
    value = f' Ar "{setting.metavar}"' if setting.metavar else ""
    heads = " , ".join(f'Fl "{flag[1:]}"{value}' for flag in flags_of(setting))
    where = [f"twtui {name}".strip() for name in COMMANDS if name in setting.commands]
    begins_with_value = setting.help.split()[0].rstrip(",") in setting.choices
    text = [f"{setting.help if begins_with_value else _capital(setting.help)}."]
    if setting.default_words:
        text.append(f"The default is {setting.default_words}.")
    if len(where) < len(COMMANDS):
        text.append(f"For {', '.join(f'`{name}`' for name in where)}.")
    return heads, "\n".join(map(prose, text))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _presets() -> Iterable[tuple[str, str]]:
    for preset in PRESETS.values():
        needs = f" Needs {preset.needs}." if preset.needs else ""
        yield word(preset.name), prose(f"Shows {preset.description}.{needs}")


def _form(form: Form) -> tuple[str, str]:
    return " , ".join(map(word, form.examples)), prose(f"{_capital(form.meaning)}.")


def _keys(where: Where) -> str:
    rows = (
        (" , ".join(map(word, key.texts)), prose(f"{key.description}."))
        for key in KEYS
        if key.where is where
    )
    return subsection(_capital(where), items(rows))


def _definitions(pairs: Iterable[tuple[str, str]]) -> str:
    return items((word(name), prose(_capital(text))) for name, text in pairs)


def _variables() -> str:
    names = ", ".join(f"`{setting.variable}`" for setting in SETTINGS if setting.configurable)
    return f"What can stand in the config file can also be set by a variable: {names}."


def _example() -> str:
    return f'mode = "resume"\nmax-bytes = 512\n\n{PRESET}\n[keys]\n"mode" = "M"\n'
