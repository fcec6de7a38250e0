"""From parsed options to what the application is made with: signs, keys, filter, presets, memory."""

from __future__ import annotations

import argparse
import gc
import locale
from typing import Any

from twtui.errors import UsageError
from twtui.model.filter import parse_filter
from twtui.model.plan import Plan
from twtui.ui.glyphs import ASCII, UNICODE
from twtui.ui.key_map import KeyMap, key_map
from twtui.ui.memory import Memory, state_path

_COLLECT_AFTER = 50_000
"""New objects, less those that are gone."""
_OF_A_PLAN = frozenset(("preset", "trigger", "capture", "mode", "map"))
"""Options that say what to watch: with one of them, what was chosen last time does not come back."""


def screen_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of the application.

    Raises:
        UsageError: The filter, or a key of the config file, is wrong.
    """
    config = options.config
    memory = Memory(state_path())
    if _OF_A_PLAN & config.given:
        memory = memory.without("choice")
    ascii_only = bool(getattr(options, "ascii", False)) or not _shows_unicode()
    return {
        "glyphs": ASCII if ascii_only else UNICODE,
        "keys": keys_of(config.file),
        "filter": parse_filter(getattr(options, "filter", None) or ""),
        "presets": config.presets,
        "memory": memory,
        "host": getattr(options, "host", None) or "",
    }


def keys_of(file: Any) -> KeyMap:
    """The keys as a config file changes them.

    Raises:
        UsageError: It says something wrong of them; names the file.
    """
    try:
        return key_map(file.keys)
    except UsageError as error:
        raise UsageError(f"config file {file.path}: {error.message}", error.hint) from None


def tune_collector() -> None:
    """Let the garbage collector look at what is new, and seldom: events come in thousands, and have no cycles.

    At 100,000 events a second it took 9 % of a core to find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 50)


def _shows_unicode() -> bool:
    return locale.getpreferredencoding(do_setlocale=False).lower().replace("-", "") == "utf8"


def in_words(plan: Plan) -> str:
    """What a plan watches, for the picker: ``sample 99 Hz, bytes(sp, 64)``."""
    pairs = [f"{watch.trigger.label}, {watch.capture}" for watch in plan.watches]
    return "; ".join(pairs)
