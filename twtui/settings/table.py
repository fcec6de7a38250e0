"""Every flag and setting, once: the table from which the parser, the help and the manual are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from twtui.settings.quantities import duration_ns, factor, pids, size_bytes, whole_number

MONITOR, RECORD, DOCTOR, DEMO = "", "record", "doctor", "demo"
PRESETS, CONFIG = "presets", "config"
REPLAY, REPORT, EXPORT, DIFF = "replay", "report", "export", "diff"

COMMANDS: dict[str, str] = {
    MONITOR: "pick a process, or watch the ones that are named",
    RECORD: "watch without a screen: text lines, JSON Lines with --json, a recording with -o",
    REPLAY: "show a recording on the screens, or JSON Lines from standard input (-)",
    REPORT: "say what a recording comes to: ledger, delays, what was read most often",
    EXPORT: "print a recording as JSON Lines, CSV, a Chrome trace or folded stacks",
    DIFF: "show two recordings side by side",
    DOCTOR: "say what works here, what does not, and what fixes it",
    DEMO: "start a small workload and watch it",
    PRESETS: "list what can be watched by name, and with -p whether a process has it",
    CONFIG: "show every setting, its value, and where that comes from",
}
"""Commands and their summaries; the empty name is ``twtui`` itself."""

FILES: dict[str, tuple[str, ...]] = {
    REPLAY: ("FILE",),
    REPORT: ("FILE",),
    EXPORT: ("FILE",),
    DIFF: ("A", "B"),
}
"""Commands that take files, and what the help calls these."""
_RUNS = (MONITOR, RECORD)
_ASSERTS = (RECORD, REPLAY, REPORT)
_PLANS = (*_RUNS, DEMO)
_ALL = tuple(COMMANDS)


class Setting(NamedTuple):
    """One flag. ``name`` without dashes is also its name in a config file."""

    name: str
    help: str
    metavar: str = ""
    """Empty: a switch without a value."""
    short: str = ""
    default: Any = None
    """Of the type that ``parse`` gives; None: decided from the rest."""
    default_text: str = ""
    """How people read the default."""
    parse: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    repeats: bool = False
    commands: tuple[str, ...] = _PLANS
    configurable: bool = True
    """May also come from the environment and from a config file."""
    needs: tuple[str, ...] = ()
    """Names of settings, without all of which this one would do nothing."""

    @property
    def key(self) -> str:
        """The name as an identifier."""
        return self.name.replace("-", "_")

    @property
    def default_words(self) -> str:
        """The default as the help and the manual say it; empty where there is nothing to say."""
        if self.default_text or not self.metavar or self.default is None:
            return self.default_text
        return str(self.default)

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return f"TWTUI_{self.key.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "pid", "watch this process; may be repeated, or several with commas", "PID", "p",
        parse=pids, repeats=True, commands=(*_RUNS, PRESETS), configurable=False,
    ),
    Setting(
        "name", "watch every process whose name matches", "REGEX", "n", commands=_RUNS,
        configurable=False,
    ),
    Setting(
        "user", "watch this user's processes", "USER", "u", commands=_RUNS, configurable=False,
    ),
    Setting(
        "tid", "watch this thread only; may be repeated, or several with commas", "TID", "t",
        parse=pids, repeats=True, commands=_RUNS, configurable=False,
    ),
    Setting(
        "host", "watch processes of another machine, through ssh", "USER@HOST",
        commands=(*_RUNS, DOCTOR), configurable=False,
    ),
    Setting(
        "host-command", "with --host: what starts the kernel process there", "COMMAND",
        default="twtui-kernel --sudo", commands=(*_RUNS, DOCTOR),
    ),
    Setting("children", "watch the processes that they start, too", default=False),
    Setting(
        "wait", "with -n or -u: wait until such a process appears", default=False, commands=_RUNS,
        configurable=False,
    ),
    Setting("preset", "watch what has this name; twtui presets lists them", "NAME"),
    Setting(
        "map", "map kinds to schedule from: hash, array, lru_hash, a list with commas, or all",
        "KINDS", default_text="all with sample and probe, else hash; hash with a built-in preset",
    ),
    Setting(
        "mode", "resume wakes nobody, signal also wakes a sleeping task", "MODE", "m",
        default="resume", choices=("resume", "signal"),
    ),
    Setting(
        "trigger", "what schedules: sample, probe, syscall:openat, tracepoint:sched:sched_switch, "
        "uprobe:libc:malloc; a list with commas", "T[,T...]",
        default_text="sample",
    ),
    Setting(
        "capture", "what the callback reads: str(arg2), bytes(sp, 64), u64(arg1+8), none",
        "EXPR", default_text="bytes(sp, 64)",
    ),
    Setting(
        "defer", "schedule always, only when the read at the trigger faults, or only when that at the "
        "end of the system call faults, too", "WHEN",
        default="always", choices=("always", "fault", "exit"),
    ),
    Setting(
        "frequency", "samples per second", "HZ", "F", parse=whole_number, default_text="99",
    ),
    Setting("period", "a sample every N events, instead of -F", "N", parse=whole_number),
    Setting(
        "max-bytes", "most bytes that a capture returns, 8 to 4096", "N", "s",
        default=256, parse=whole_number,
    ),
    Setting(
        "registers", "keep the user registers of every trigger, as the screen does", default=False,
        commands=(RECORD,), needs=("output", "json"),
    ),
    Setting(
        "slots", "callbacks that can be pending, per map kind", "N",
        default=4096, parse=whole_number,
    ),
    Setting(
        "buffer", "ring buffer, a power of two", "SIZE",
        default=8 << 20, default_text="8m", parse=size_bytes,
    ),
    Setting("no-cache", "compile again, and keep nothing for the next start", default=False),
    Setting(
        "duration", "end after this long, counted from attach: 10s, 500ms, bare seconds", "TIME",
        "d", parse=duration_ns, commands=(RECORD,), configurable=False,
    ),
    Setting(
        "count", "print this many events, then end; a recording keeps those that came meanwhile, too",
        "N", "c",
        parse=whole_number, commands=(RECORD,), configurable=False,
    ),
    Setting(
        "json", "JSON: one object a line, or one in all", default=False,
        commands=(RECORD, DOCTOR, PRESETS, CONFIG, REPORT, DIFF), configurable=False,
    ),
    Setting(
        "programs", "try, too, which program types may schedule task work", default=False,
        commands=(DOCTOR,), configurable=False,
    ),
    Setting(
        "readings", "with JSON Lines: a line of all counters, too, once a second", default=False,
        commands=(RECORD, EXPORT), configurable=False, needs=("json", "format"),
    ),
    Setting("no-data", "leave out what was read", commands=(RECORD,), default=False),
    Setting(
        "redact", "replace what matches in the data by asterisks before it is written", "REGEX",
        commands=(RECORD,),
    ),
    Setting(
        "filter", "show, print or export only events that match: pid:42 comm:nginx delay>1ms text:word; "
        "a recording keeps all", "EXPR",
        commands=(MONITOR, RECORD, DEMO, REPLAY, EXPORT), configurable=False,
    ),
    Setting(
        "format", "jsonl, csv, chrome (for Perfetto) or folded (for flame graphs)", "FORM", "f",
        default="jsonl", choices=("jsonl", "csv", "chrome", "folded"), commands=(EXPORT,),
        configurable=False,
    ),
    Setting(
        "output", "write here: a recording, or what is exported", "FILE", "o",
        commands=(RECORD, EXPORT), configurable=False,
    ),
    Setting(
        "force", "overwrite what -o names", default=False, commands=(RECORD, EXPORT),
        configurable=False, needs=("output",),
    ),
    Setting(
        "max-size", "end before the recording is larger", "SIZE", parse=size_bytes,
        commands=(RECORD,), needs=("output",),
    ),
    Setting(
        "speed", "times as fast as it happened", "FACTOR", default=1.0, parse=factor,
        commands=(REPLAY,), configurable=False,
    ),
    Setting(
        "assert", "exit with 3 unless this holds: p99(resume) < 1ms, lost == 0; may be repeated",
        "EXPR", repeats=True, commands=_ASSERTS, configurable=False,
    ),
    Setting(
        "fail-on-loss", "exit with 3 when anything was dropped, cancelled, lost, missed or had no "
        "slot", default=False, commands=_ASSERTS, configurable=False,
    ),
    Setting(
        "json-schema", "print the JSON Schema of the lines, and end", default=False,
        commands=(RECORD, EXPORT), configurable=False,
    ),
    Setting("ascii", "draw with ASCII alone", default=False, commands=(MONITOR, DEMO, REPLAY)),
    Setting(
        "color", "colors, whatever NO_COLOR and the config file say", default=False, commands=_ALL,
        configurable=False,
    ),
    Setting("no-color", "no colors, as with NO_COLOR", default=False, commands=_ALL),
    Setting(
        "verbose", "say more; twice for everything", short="v", default=0, repeats=True,
        commands=_ALL, configurable=False,
    ),
    Setting("log-file", "write messages here", "FILE", commands=_ALL),
    Setting(
        "config", "read this config file", "FILE", default_text="twtui/config.toml in "
        "$XDG_CONFIG_HOME or ~/.config", commands=_ALL, configurable=False,
    ),
    Setting("show", "show the settings (what it does anyway)", default=False, commands=(CONFIG,),
        configurable=False,
    ),
)  # fmt: skip
"""In the order of the help."""


def settings_of(command: str) -> tuple[Setting, ...]:
    """The settings of one command."""
    if command == CONFIG:
        return tuple(s for s in SETTINGS if s.configurable or CONFIG in s.commands)
    return tuple(setting for setting in SETTINGS if command in setting.commands)
