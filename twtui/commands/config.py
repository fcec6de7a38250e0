"""The config command: every setting, its value, and where that comes from."""

from __future__ import annotations

import argparse

from twtui.commands.output import print_pieces
from twtui.harmless import written_out
from twtui.json_text import indented
from twtui.settings.config import Config
from twtui.settings.table import SETTINGS


def show_config(options: argparse.Namespace) -> int:
    """Print it.

    Returns:
        The exit code.
    """
    print_pieces([report(options.config, options.json)])
    return 0


def report(config: Config, as_json: bool) -> str:
    """Everything that can be configured, for standard output."""
    shown = [setting for setting in SETTINGS if setting.configurable]
    values = [(setting.name, config.values[setting.key]) for setting in shown]
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
