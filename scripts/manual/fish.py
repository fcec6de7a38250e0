"""The completion for fish: one line an option, under the commands that have it."""

from __future__ import annotations

from manual.values import Source, Values, plain, values_of
from twtui.settings.table import COMMANDS, FILES, RECORD, SETTINGS, Setting, settings_of

_SOURCES = {
    Source.USERS: "(__fish_complete_users)",
    Source.HOSTS: "(__fish_print_hostnames)",
    Source.PROCESSES: "(__fish_complete_list , '__twtui_processes /proc/*')",
    Source.THREADS: "(__fish_complete_list , '__twtui_processes /proc/*/task/*')",
}
_HEAD = r"""# fish completion for twtui. Written by make docs from the tables of the program; change it there.

# Numbers of processes or threads with their names, from their folders; no kernel threads. Not by
# redirection: fish itself warns of one whose process has just ended.
function __twtui_processes
    set -l folders (string match -r '^/proc/[0-9]+(?:/task/[0-9]+)?$' $argv)
    for line in (printf '%s/cmdline\0' $folders | LC_ALL=C xargs -0 grep -als . |
        string replace -r 'cmdline$' comm | LC_ALL=C xargs grep -aHsm 1 .)
        set -l found (string match -r '([0-9]+)/comm:(.*)$' -- $line)
        printf '%s\t%s\n' $found[2] (string replace -ra '[^[:print:]]' '?' -- $found[3])
    end
end

# The system calls and tracepoints that tracefs lists, where it may be read.
function __twtui_traced
    set -l events /sys/kernel/tracing/events
    for folder in $events/syscalls/sys_enter_*
        string replace $events/syscalls/sys_enter_ syscall: $folder
    end
    for folder in $events/*/*/
        string replace -r '^.*/([^/]+)/([^/]+)/$' 'tracepoint:$1:$2' $folder
    end
end

# Whether the command is one of these; a dash stands for none.
function __twtui_at
    set -l words (commandline -opc)
    set -l command -
    contains -- "$words[2]" @COMMANDS@; and set command $words[2]
    contains -- $command $argv
end

# What the command after -- takes.
function __twtui_started
    set -l words (commandline -opc)
    set -l after (math (contains -i -- -- $words) + 1)
    complete -C (string join ' ' -- $words[$after..] (commandline -ct))
end

function __twtui_first
    test (count (commandline -opc)) -eq 1
end

complete -c twtui -f
"""


def fish_completion() -> str:
    """The whole file."""
    names = " ".join(name for name in COMMANDS if name)
    lines = [
        f"complete -c twtui -n __twtui_first -a {name} -d {_quoted(text)}"
        for name, text in COMMANDS.items()
        if name
    ]
    lines += [f"complete -c twtui -n '__twtui_at {' '.join(FILES)}' -F"]
    lines += [
        f"complete -c twtui -n '__twtui_at {RECORD}; and contains -- -- (commandline -opc)' "
        "-x -a '(__twtui_started)'"
    ]
    lines += ["complete -c twtui -s h -l help -d 'show the options'"]
    lines += ["complete -c twtui -s V -l version -d 'show the version'"]
    lines += map(_option, SETTINGS)
    return f"{_HEAD.replace('@COMMANDS@', names)}{_tables()}\n" + "\n".join(lines) + "\n"


def _option(setting: Setting) -> str:
    commands = [name or "-" for name in COMMANDS if setting in settings_of(name)]
    words = ["complete -c twtui", f"-n '__twtui_at {' '.join(commands)}'"]
    words += [f"-s {setting.short}"] if setting.short else []
    words += [f"-l {setting.name}", f"-d {_quoted(plain(setting.help))}"]
    if setting.metavar:
        values = values_of(setting)
        words += ["-r", "-F"] if values.source is Source.FILES else ["-x"]
        words += [f"-a {_quoted(found)}"] if (found := _values(setting, values)) else []
    return " ".join(words)


def _values(setting: Setting, values: Values) -> str:
    if values.source in _SOURCES:
        return _SOURCES[values.source]
    if not values.words:
        return ""
    name = f"__twtui_{setting.key}"
    return f"(__fish_complete_list , {name})" if values.is_list else f"({name})"


def _tables() -> str:
    """The functions that print the words of one option with what they mean."""
    return "".join(
        _table(setting, values) for setting in SETTINGS if (values := values_of(setting)).words
    )


def _table(setting: Setting, values: Values) -> str:
    pairs = " \\\n".join(
        f"        {_quoted(word.text)} {_quoted(plain(word.meaning))}" for word in values.words
    )
    traced = "    __twtui_traced\n" if values.source is Source.TRIGGERS else ""
    return f"\nfunction __twtui_{setting.key}\n    printf '%s\\t%s\\n' \\\n{pairs}\n{traced}end\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
