"""From options to a plan: preset and flags combined, triggers and captures parsed, defaults decided."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from twtui.errors import UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import DEFAULT_CAPTURE, Plan, Target, Watch
from twtui.model.presets import Preset
from twtui.model.trigger import DEFAULT_RATE_HZ, TriggerKind, parse_trigger
from twtui.settings.config import Config
from twtui.settings.meanings import buffer_bytes, map_kinds, rate_hz

_COMPARED = (TriggerKind.SAMPLE, TriggerKind.PROBE)
"""Triggers cheap enough to schedule from every map kind, so that the three can be compared."""


def make_plan(
    options: argparse.Namespace, targets: tuple[Target, ...], preset: Preset | None = None
) -> Plan:
    """The plan that the options describe; not checked for targets when there are none yet.

    Args:
        options: Parsed, and completed from environment and config file.
        targets: What to watch; may come later.
        preset: What a person has just picked; comes before the triggers that the options name.

    Raises:
        UsageError: An option is wrong, or the pair of trigger and mode is refused.
    """
    chosen = preset or named_preset(options.config)
    watches = _watches(options, options.config.given, chosen)
    decided = vars(options) | of_preset(options.config, chosen)
    plan = Plan(
        targets=targets,
        watches=watches,
        map_kinds=_map_kinds(decided["map"], watches),
        mode=Mode(decided["mode"]),
        defer=Defer(decided["defer"]),
        max_bytes=decided["max_bytes"],
        slots=options.slots,
        buffer_bytes=buffer_bytes(options.buffer),
        children=decided["children"],
        threads=_threads(options, targets),
        # a screen has room for them, and shows them only of the event that is looked at
        registers=getattr(options, "registers", True),
    )
    if targets:
        return plan.check()
    # a picker adds the targets later; everything else can be refused now
    return _without_targets(plan)


def named_preset(config: Config) -> Preset | None:
    """The preset that the settings name, if triggers and captures are left to it.

    Raises:
        UsageError: There is none of that name, or it was named together with what excludes it.
    """
    name = config.values["preset"].value
    own = sorted({"trigger", "capture"} & config.given)
    if name is None or (own and "preset" not in config.given):
        return None
    if own:
        raise UsageError(
            f"--preset {name} brings its own triggers and captures: it excludes --{own[0]}",
            "give one of them",
        )
    if name not in config.presets:
        raise UsageError(f"there is no preset {name!r}", f"there are {', '.join(config.presets)}")
    return config.presets[name]


def of_preset(config: Config, preset: Preset | None) -> dict[str, Any]:
    """What a preset decides, by the setting's key: all but what was given as a flag.

    Map kinds that somebody has set once come before those of the presets that come with twtui.
    """
    if preset is None:
        return {}
    decided = {
        "map": preset.map_kinds,
        "mode": preset.mode,
        "defer": preset.defer,
        "max_bytes": preset.max_bytes,
        "children": preset.children,
    }
    kept = set(config.given)
    if preset.name not in config.file.presets and config.nearness("map"):
        kept.add("map")
    return {k: value for k, value in decided.items() if value is not None and k not in kept}


def _without_targets(plan: Plan) -> Plan:
    return replace(replace(plan, targets=(Target(1),)).check(), targets=())


def _watches(
    options: argparse.Namespace, given: frozenset[str], preset: Preset | None
) -> tuple[Watch, ...]:
    frequency, period = _rate_or_period(options)
    rate = rate_hz(frequency or DEFAULT_RATE_HZ)
    if preset:
        watches = preset.watches(rate, period)
    else:
        text = "sample" if options.trigger is None else options.trigger
        capture = parse_capture(DEFAULT_CAPTURE if options.capture is None else options.capture)
        watches = tuple(
            Watch(parse_trigger(part, rate, period), capture) for part in text.split(",")
        )
    sampled = any(watch.trigger.kind is TriggerKind.SAMPLE for watch in watches)
    for flag, key in (("-F", "frequency"), ("--period", "period")):
        # one from a config file is for the runs that sample
        if key in given and not sampled:
            raise UsageError(f"{flag} needs a sample trigger", "add --trigger sample or leave it")
    return watches


def _rate_or_period(options: argparse.Namespace) -> tuple[int, int]:
    """What samples go by, and 0 for the other: of two that are set, the one that was set nearer."""
    if options.frequency is None or options.period is None:
        return options.frequency or 0, options.period or 0
    by_rate, by_period = (options.config.nearness(key) for key in ("frequency", "period"))
    if by_rate == by_period:
        raise UsageError("-F and --period exclude each other", "give one of them")
    return (options.frequency, 0) if by_rate > by_period else (0, options.period)


def _map_kinds(
    value: str | tuple[MapKind, ...] | None, watches: tuple[Watch, ...]
) -> tuple[MapKind, ...]:
    if isinstance(value, tuple):
        return value
    if value is None:
        compared = all(watch.trigger.kind in _COMPARED for watch in watches)
        return tuple(MapKind) if compared else (MapKind.HASH,)
    return map_kinds(value)


def _threads(options: argparse.Namespace, targets: tuple[Target, ...]) -> tuple[int, ...]:
    """The threads that ``-t`` names; those of processes that were picked later do not count."""
    # the demo has no -t
    named = getattr(options, "tid", None) or ()
    return tuple(dict.fromkeys(tid for part in named for tid in part)) if targets else ()
