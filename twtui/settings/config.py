"""Settings from every place they come from: flag, environment, config file, default."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twtui.errors import UsageError
from twtui.invoker import Invoker, invoker
from twtui.model.presets import PRESETS, Preset
from twtui.settings.config_file import ConfigFile, Place, Value, parsed, read_config, text_of
from twtui.settings.table import Setting, settings_of

_ON, _OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one call."""

    file: ConfigFile
    values: Mapping[str, Value]
    """By the setting's ``key``, in the order of the table."""
    place: Path
    """Where the file is, or would be."""

    @property
    def presets(self) -> dict[str, Preset]:
        """The built-in ones and the user's own, which may replace them."""
        return {**PRESETS, **self.file.presets}

    @property
    def given(self) -> frozenset[str]:
        """The settings that were given as flags."""
        return frozenset(key for key, value in self.values.items() if value.source == "flag")

    def nearness(self, key: str) -> int:
        """How near to the command line a setting was set; 0 is its default."""
        places = ("default", "file", "environment", "flag")
        return places.index(self.values[key].source.partition(" ")[0])

    def namespace(self) -> argparse.Namespace:
        """The values as the commands take them, with ``config`` being this object."""
        values = {key: value.value for key, value in self.values.items()}
        return argparse.Namespace(**{**values, "config": self})


def load_config(
    command: str, flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> Config:
    """Everything that is set for one command.

    Args:
        command: One of ``COMMANDS``.
        flags: What was given on the command line and nothing else, parsed, by ``key``.
        environ: The environment.

    Raises:
        UsageError: A value is wrong; names the variable, or the file and the key.
    """
    place = _place(flags.get("config"), environ, invoker(environ))
    file = read_config(place)
    values = {}
    for setting in settings_of(command):
        if setting.key in flags:
            value = flags[setting.key]
            values[setting.key] = Value(value, "flag", text_of(setting, value))
        elif setting.configurable and setting.variable in environ:
            values[setting.key] = _of_environment(setting, environ[setting.variable])
        elif setting.key in file.values:
            values[setting.key] = file.values[setting.key]
        else:
            values[setting.key] = Value(
                setting.default, "default", text_of(setting, setting.default)
            )
    config = Config(file, values, place.path)
    _check_preset(config)
    return config


def _check_preset(config: Config) -> None:
    """See that a preset that was not named on the command line is there; it may stand anywhere in the file."""
    preset = config.values.get("preset")
    if preset is None or preset.value is None or preset.source == "flag":
        return
    if preset.value not in config.presets:
        place, _, where = preset.source.partition(" ")
        where = f"config file {where}: preset" if place == "file" else where
        raise UsageError(
            f"{where}: there is no preset {preset.value!r}",
            f"there are {', '.join(config.presets)}",
        )


def _place(flag: str | None, environ: Mapping[str, str], who: Invoker) -> Place:
    named = flag or environ.get("TWTUI_CONFIG")
    if named:
        return Place(Path(named), True)
    base = environ.get("XDG_CONFIG_HOME", "")
    # sudo keeps the variable only when told to; root's own is not the user's
    home = Path(base) if base.startswith("/") and not who.by_sudo else Path(who.home) / ".config"
    return Place(home / "twtui" / "config.toml", False, frozenset((0, who.uid)))


def _of_environment(setting: Setting, text: str) -> Value:
    where = setting.variable
    if setting.metavar:
        return Value(parsed(setting, text, where), f"environment {where}", text)
    word = text.strip().lower()
    if word not in (*_ON, *_OFF):
        raise UsageError(f"{where} takes 1 or 0, not {text!r}", f"unset {where}")
    return Value(word in _ON, f"environment {where}", text_of(setting, word in _ON))
