"""The completion for zsh, by _arguments: the words of the tables with what they mean."""

from __future__ import annotations

import re

from manual.values import Source, Values, flags_of, plain, values_of
from twtui.settings.table import COMMANDS, FILES, MONITOR, RECORD, SETTINGS, Setting, settings_of

_SOURCES = {
    Source.FILES: "_files",
    Source.PROCESSES: "_twtui_processes",
    Source.THREADS: "_twtui_threads",
    Source.USERS: "_users",
    Source.HOSTS: "_hosts",
}
_FUNCTIONS = r"""#compdef twtui
# Written by make docs from the tables of the program; change it there.

_twtui_processes() {
  _twtui_numbers /proc/<->(N/)
}

_twtui_threads() {
  _twtui_numbers /proc/<->/task/<->(N/)
}

# Numbers of processes or threads with their names, from their folders; no kernel threads.
_twtui_numbers() {
  local folder start name
  local -a found
  for folder; do
    { IFS= read -r -d '' start <$folder/cmdline && [[ -n $start ]] } 2>/dev/null || continue
    { read -r name <$folder/comm } 2>/dev/null || continue
    found+=("${folder:t}:${name//[^[:print:]]/?}")
  done
  compset -P '*,'
  _describe -V process found
}

# Adds the system calls and tracepoints that tracefs lists, where it may be read.
_twtui_traced() {
  local events=/sys/kernel/tracing/events name
  case $PREFIX in
    syscall:*)
      for name in $events/syscalls/sys_enter_*(N/:t); do words_of+=("syscall\\:${name#sys_enter_}"); done ;;
    tracepoint:*)
      for name in $events/*/*(N/); do words_of+=("tracepoint\\:${name:h:t}\\:${name:t}"); done ;;
  esac
}
"""
_MAIN = r"""
_twtui() {
  local curcontext=$curcontext
  local -a commands
@COMMANDS@
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
    _describe command commands
    return
  fi
  local after=${words[(i)--]}
  if [[ $words[2] == @RECORD@ ]] && (( after < CURRENT )); then
    shift $after words
    (( CURRENT -= after ))
    _normal
    return
  fi
  case $words[2] in
@CASES@
  esac
}

_twtui "$@"
"""


def zsh_completion() -> str:
    """The whole file."""
    names = "\n".join(f"    {_quoted(f'{name}:{text}')}" for name, text in COMMANDS.items() if name)
    cases = "\n".join(_case(command) for command in sorted(COMMANDS, key=lambda name: not name))
    main = (
        _MAIN.replace("@COMMANDS@", f"  commands=(\n{names}\n  )")
        .replace("@CASES@", cases)
        .replace("@RECORD@", RECORD)
    )
    tables = [
        _words(setting, values) for setting in SETTINGS if (values := values_of(setting)).words
    ]
    return _FUNCTIONS + "".join(tables) + main


def _case(command: str) -> str:
    """A branch: zsh's own _arguments over the options of one command."""
    specs = [spec for setting in settings_of(command) for spec in _specs(setting)]
    specs += ["'(- *)'{-h,--help}'[show the options]'"]
    specs += ["'(- *)'{-V,--version}'[show the version]'"]
    specs += [f"'{number}:{name}:_files'" for number, name in enumerate(FILES.get(command, ()), 1)]
    lines = " \\\n        ".join(specs)
    shift = "" if command == MONITOR else "      shift words; (( CURRENT-- ))\n"
    return f"    {command or '*'})\n{shift}      _arguments -s -S : \\\n        {lines}\n      ;;"


def _specs(setting: Setting) -> list[str]:
    flags = flags_of(setting)
    text = re.sub(r"([\[\]\\:])", r"\\\1", plain(setting.help))
    mark = "*" if setting.repeats else f"({' '.join(flags)})"
    action = _action(setting, values_of(setting))
    value = f":{_spec_word(setting.metavar)}:{action}" if setting.metavar else ""
    specs = []
    for flag in flags:
        end = "" if not setting.metavar else "=" if flag.startswith("--") else "+"
        specs.append(_quoted(f"{mark}{flag}{end}[{text}]{value}"))
    return specs


def _spec_word(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _action(setting: Setting, values: Values) -> str:
    if values.source is Source.NOBODY:
        return " "
    return _SOURCES.get(values.source) or f"_twtui_{setting.key}"


def _words(setting: Setting, values: Values) -> str:
    """The function that offers the words of one option."""
    entries = (
        word.text.replace(":", "\\:") + (f":{plain(word.meaning)}" if word.meaning else "")
        for word in values.words
    )
    lines = [f"\n_twtui_{setting.key}() {{", "  local -a words_of", "  words_of=("]
    lines += [f"    {_quoted(entry)}" for entry in entries] + ["  )"]
    lines += ["  compset -P '*,'"] if values.is_list else []
    lines += ["  _twtui_traced"] if values.source is Source.TRIGGERS else []
    return "\n".join([*lines, f"  _describe -V {setting.name} words_of", "}\n"])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
