"""The example of a config file: every setting with its default or something that it takes, all commented out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from manual.values import values_of
from twtui.errors import UsageError
from twtui.settings.config_file import parsed
from twtui.settings.table import SETTINGS, Setting
from twtui.ui.keys import KEYS, Key

_WIDTH = 96
_HEAD = """\
# twtui reads this file as $XDG_CONFIG_HOME/twtui/config.toml or ~/.config/twtui/config.toml; under sudo,
# that of the user who called it. Copy it there and take the # away from what you want to change.
# A flag, or a variable such as TWTUI_MAX_BYTES, comes before what stands here.
"""
PRESET = """\
[presets.sql]                  # twtui --preset sql
description = "statements that go to SQLite"
watch = [{ trigger = "uprobe:libsqlite3:sqlite3_prepare_v2", capture = "str(arg2)" }]
defer = "fault"
"""
"""A preset of a user's own; the README has the same."""
_PRESETS = f"""\
# Presets of your own. Others of their fields: needs, map, mode, max-bytes, children; and in watch,
# optional = true for what may be missing.

{textwrap.indent(PRESET, "#")}"""
_KEYS = """\
# Keys, by the names of what they do: "M", "?", "ctrl+x", "f2"; several with commas between.

#[keys]
"""
_SAMPLES = {
    "N": "1000",
    "SIZE": "64m",
    "TIME": "10s",
    "FILE": "twtui.log",
    "REGEX": r"\b[0-9]{16}\b",
}
"""What could stand where there is no default, by metavar."""


def config_example() -> str:
    """The whole file."""
    settings = "".join(f"\n{_setting(setting)}" for setting in SETTINGS if setting.configurable)
    keys = "".join(f'#"{key.id}" = "{_written(key)}"  # {key.description}\n' for key in KEYS)
    return f"{_HEAD}{settings}\n{_PRESETS}\n{_KEYS}{keys}"


def _setting(setting: Setting) -> str:
    more = [f"one of {', '.join(setting.choices)}"] if setting.choices else []
    more += [f"default: {setting.default_words}"] if setting.default_words else []
    comment = setting.help + (f" ({'; '.join(more)})" if more else "")
    return "".join(f"# {line}\n" for line in textwrap.wrap(comment, _WIDTH)) + _assignment(setting)


def _assignment(setting: Setting) -> str:
    if not setting.metavar:
        return f"#{setting.name} = {'true' if setting.default else 'false'}\n"
    for text in _candidates(setting):
        try:
            parsed(setting, text, setting.name)
        except UsageError:
            continue
        return _line(setting.name, text)
    return f"# ({setting.name} takes {setting.metavar})\n"


def _candidates(setting: Setting) -> Iterator[str]:
    """Texts that could stand there, the best first; the default's words may be prose."""
    words = [word.text for word in values_of(setting).words]
    if setting.default_text and (not words or setting.default_text in words):
        yield setting.default_text
    if setting.default is not None:
        yield str(setting.default)
    yield from (*words[:1], _SAMPLES.get(setting.metavar, setting.metavar))


def _line(name: str, text: str) -> str:
    if text.isdecimal():
        return f"#{name} = {text}\n"
    # a regular expression needs its backslashes, and TOML's literal quotes keep them
    quote = "'" if "\\" in text or '"' in text else '"'
    return f"#{name} = {quote}{text}{quote}\n"


def _written(key: Key) -> str:
    """The key as a config file takes it: a sign by itself, others by their names."""
    first, *others = key.keys.split(",")
    sign = key.text if len(key.text) == 1 and key.text.isascii() else first
    return ",".join([sign, *others])
