"""The config command: every setting, its value, and where that comes from."""

from __future__ import annotations

import argparse
from typing import Any

from twtui.commands.output import print_pieces
from twtui.commands.planning import named_preset, of_preset
from twtui.harmless import written_out
from twtui.json_text import indented
from twtui.model.presets import Preset
from twtui.settings.config import Config
from twtui.settings.config_file import Value, text_of
from twtui.settings.table import SETTINGS, Setting

_MOST_CHARACTERS = 40
"""Of a value that is a list."""


def show_config(options: argparse.Namespace) -> int:
    """Print it.

    Returns:
        The exit code.
    """
    config = options.config
    if config.file.keys:
        from twtui.ui.start import keys_of  # brings Textual, which knows the names of keys

        keys_of(config.file)
    print_pieces([report(config, options.json, named_preset(config))])
    return 0


def report(config: Config, as_json: bool, preset: Preset | None = None) -> str:
    """Everything that can be configured, for standard output.

    Args:
        config: All settings.
        as_json: As one object; otherwise as text.
        preset: Decides some of them.
    """
    shown = [setting for setting in SETTINGS if setting.configurable]
    decided = _by_preset(config, preset)
    values = [
        (setting.name, decided.get(setting.key, config.values[setting.key])) for setting in shown
    ]
    if as_json:
        fields = {
            "file": str(config.file.path or config.place),
            "settings": [
                {"name": name, "value": value.value, "source": value.source}
                for name, value in values
            ],
            "presets": list(config.file.presets),
            "keys": dict(config.file.keys),
        }
        return indented(fields)
    names = max(len(name) for name, _ in values)
    texts = max(len(value.text or "-") for _, value in values)
    lines = [
        f"{name:<{names}}  {value.text or '-':<{texts}}  {value.source}" for name, value in values
    ]
    if config.file.presets:
        lines += ["", f"presets of your own: {', '.join(config.file.presets)}"]
    if config.file.keys:
        lines += ["", *(f"key {name}: {key}" for name, key in config.file.keys.items())]
    lines += ["", f"config file: {config.file.path or f'{config.place} (there is none)'}"]
    return "\n".join(map(written_out, lines)) + "\n"


def _by_preset(config: Config, preset: Preset | None) -> dict[str, Value]:
    """What a preset decides, by the setting's key; its triggers and captures are those that there are."""
    if preset is None:
        return {}
    source = f"preset {preset.name}"
    values = {
        "trigger": list(dict.fromkeys(pair.trigger for pair in preset.pairs)),
        "capture": list(dict.fromkeys(pair.capture for pair in preset.pairs)),
        **of_preset(config, preset),
    }
    settings = {setting.key: setting for setting in SETTINGS}
    return {key: _decided(settings[key], value, source) for key, value in values.items()}


def _decided(setting: Setting, value: Any, source: str) -> Value:
    if not isinstance(value, list | tuple):
        return Value(value, source, text_of(setting, value))
    text = ",".join(value)
    return Value(text, source, text if len(text) <= _MOST_CHARACTERS else f"{len(value)} of them")
