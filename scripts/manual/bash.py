"""The completion for bash, which needs nothing but bash: words as they were typed, then what may follow them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from manual.values import Source, Values, flags_of, values_of
from twtui.settings.table import COMMANDS, FILES, RECORD, SETTINGS, settings_of

_SOURCES = {
    Source.FILES: "_twtui_files",
    Source.PROCESSES: "_twtui_processes '/proc/[0-9]*'",
    Source.THREADS: "_twtui_processes '/proc/[0-9]*/task/[0-9]*'",
    Source.USERS: '_twtui_words "$(compgen -u)"',
    Source.HOSTS: "_twtui_hosts",
}
_FUNCTIONS = r"""# bash completion for twtui. Written by make docs from the tables of the program; change it there.

# Lines that start with what was typed, quoted for the shell; after the last comma where there may be several.
_twtui_words() {
    local word before=
    [[ ${2-} == list && $current == *,* ]] && before=${current%,*},
    while IFS= read -r word; do
        printf -v word %q "$word"
        [[ -n $word && $before$word == "$current"* ]] && COMPREPLY+=("$before$word")
    done <<<"$1"
}

_twtui_hosts() {
    _twtui_words "$(compgen -A hostname -P "${current%"${current##*@}"}")"
}

_twtui_files() {
    compopt -o filenames 2>/dev/null
    local file
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
}

# Numbers of processes or threads. Names stand beside them while there is a choice; no kernel threads.
_twtui_processes() {
    local folder id name found=() before=
    [[ $current == *,* ]] && before=${current%,*},
    for folder in $1; do
        id=${folder##*/}
        [[ $before$id == "$current"* ]] || continue
        IFS= read -r -d '' -n 1 name 2>/dev/null <"$folder/cmdline" && [[ -n $name ]] || continue
        read -r name 2>/dev/null <"$folder/comm" || continue
        found+=("$before$id  (${name//[^[:print:]]/?})")
    done
    # while words are cycled through or inserted, the names would be taken with them
    [[ ${#found[@]} -eq 1 || ${COMP_TYPE-} == 37 || ${COMP_TYPE-} == 42 ]] && found=("${found[@]%%  (*}")
    COMPREPLY+=("${found[@]}")
}

# The triggers of the table, and the system calls and tracepoints that tracefs lists, where it may be read.
_twtui_triggers() {
    local events=/sys/kernel/tracing/events last=${current##*,} name names=$1
    case $last in
    syscall:*)
        for name in "$events"/syscalls/sys_enter_*/; do
            [[ -e $name ]] || continue
            name=${name%/}
            names+=$'\n'syscall:${name##*/sys_enter_}
        done ;;
    tracepoint:*)
        for name in "$events"/*/*/; do
            [[ -e $name ]] || continue
            name=${name#"$events"/} name=${name%/}
            names+=$'\n'tracepoint:${name/\//:}
        done ;;
    esac
    _twtui_words "$names" list
}
"""
_MAIN = r"""
_twtui() {
    COMPREPLY=()
    # as typed up to the cursor: bash's own words are split at : and =
    local words current option command= index
    read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:blank:]] ]] && words+=('')
    ((${#words[@]} > 1)) || return 0
    current=${words[-1]}
    option=${words[-2]}
    if [[ $current == --*=* ]]; then
        option=${current%%=*}
        current=${current#*=}
    fi
    case ${words[1]-} in
    @COMMANDS@) ((${#words[@]} > 2)) && command=${words[1]} ;;
    esac
    for ((index = 2; index < ${#words[@]} - 1; index++)); do
        if [[ $command == record && ${words[index]} == -- ]]; then
            _twtui_command "$((index + 1))"
            return
        fi
    done
    _twtui_value || _twtui_option
    # bash puts its answer in the place of what follows the last of the signs at which it splits
    local breaks=${COMP_WORDBREAKS//[!:@]/} kept=
    [[ -n $breaks ]] && kept=${current%"${current##*[$breaks]}"}
    [[ -n $kept ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
    return 0
}

_twtui_command() {
    if ((${#words[@]} == $1 + 1)); then
        local name
        while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -c -- "$current")
    else
        _twtui_files
    fi
}

complete -F _twtui twtui
"""


def bash_completion() -> str:
    """The whole file."""
    commands = "|".join(name for name in COMMANDS if name)
    return f"{_FUNCTIONS}{_values()}{_options()}{_MAIN.replace('@COMMANDS@', commands)}"


def _values() -> str:
    """What may follow an option that takes a value; fails after any other."""
    lines = []
    for setting in SETTINGS:
        if setting.metavar:
            flags = "|".join(flags_of(setting))
            lines.append(f"    {flags}) {_call(values_of(setting))} ;;")
    cases = "\n".join(lines)
    return f"\n_twtui_value() {{\n    case $option in\n{cases}\n    *) return 1 ;;\n    esac\n}}\n"


def _call(values: Values) -> str:
    if values.source is Source.NOBODY:
        return ":"
    if values.source in _SOURCES:
        return _SOURCES[values.source]
    words = _lines(word.text for word in values.words)
    if values.source is Source.TRIGGERS:
        return f"_twtui_triggers {words}"
    return f"_twtui_words {words}" + (" list" if values.is_list else "")


def _lines(words: Iterable[str]) -> str:
    """Words as one argument of the shell, a line each."""
    return shlex.quote("\n".join(words))


def _options() -> str:
    """The options of each command, and what else may stand there."""
    lines = []
    for command in COMMANDS:
        flags = [flag for setting in settings_of(command) for flag in flags_of(setting)]
        flags += ["-h", "--help", "-V", "--version"] + (["--"] if command == RECORD else [])
        lines.append(f"    {command or repr('')}) _twtui_words {_lines(flags)} ;;")
    with_files = "|".join(FILES)
    names = _lines(name for name in COMMANDS if name)
    return "\n".join(
        (
            "\n_twtui_option() {",
            "    if [[ $current != -* ]]; then",
            "        case $command in",
            f"        {with_files}) _twtui_files ;;",
            "        esac",
            f"        ((${{#words[@]}} == 2)) && _twtui_words {names}",
            "        return",
            "    fi",
            "    case $command in",
            *lines,
            "    esac",
            "}\n",
        )
    )
