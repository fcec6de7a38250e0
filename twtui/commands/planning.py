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
from twtui.model.trigger import DEFAULT_RATE_HZ, MAX_RATE_HZ, TriggerKind, parse_trigger

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
    given: frozenset[str] = options.config.given
    chosen = preset or _named_preset(options, given)

    def value(key: str, of_preset: Any) -> Any:
        """A flag comes before the preset, and the preset before the rest."""
        return getattr(options, key) if key in given or of_preset is None else of_preset

    watches = _watches(options, given, chosen)
    plan = Plan(
        targets=targets,
        watches=watches,
        map_kinds=_map_kinds(_of_preset(options, chosen) or options.map, watches),
        mode=Mode(value("mode", chosen and chosen.mode)),
        defer=Defer(value("defer", chosen and chosen.defer)),
        max_bytes=value("max_bytes", chosen and chosen.max_bytes),
        slots=options.slots,
        buffer_bytes=_buffer(options.buffer),
        children=value("children", chosen and chosen.children),
        threads=_threads(options, targets),
        # a screen has room for them, and shows them only of the event that is looked at
        registers=getattr(options, "registers", True),
    )
    if targets:
        return plan.check()
    # a picker adds the targets later; everything else can be refused now
    return _without_targets(plan)


def _named_preset(options: argparse.Namespace, given: frozenset[str]) -> Preset | None:
    name = options.preset
    own = sorted({"trigger", "capture"} & given)
    if name is None or (own and "preset" not in given):
        return None
    if own:
        raise UsageError(
            f"--preset {name} brings its own triggers and captures: it excludes --{own[0]}",
            "give one of them",
        )
    presets: dict[str, Preset] = options.config.presets
    if name not in presets:
        raise UsageError(f"there is no preset {name!r}", f"there are {', '.join(presets)}")
    return presets[name]


def _without_targets(plan: Plan) -> Plan:
    return replace(replace(plan, targets=(Target(1),)).check(), targets=())


def _watches(
    options: argparse.Namespace, given: frozenset[str], preset: Preset | None
) -> tuple[Watch, ...]:
    frequency, period = _rate_or_period(options)
    rate_hz = frequency or DEFAULT_RATE_HZ
    if rate_hz > MAX_RATE_HZ:
        raise UsageError(f"-F {rate_hz} is out of range", f"give 1 to {MAX_RATE_HZ}")
    if preset:
        watches = preset.watches(rate_hz, period)
    else:
        text = "sample" if options.trigger is None else options.trigger
        capture = parse_capture(DEFAULT_CAPTURE if options.capture is None else options.capture)
        watches = tuple(
            Watch(parse_trigger(part, rate_hz, period), capture) for part in text.split(",")
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


def _of_preset(options: argparse.Namespace, preset: Preset | None) -> tuple[MapKind, ...] | None:
    """The map kinds that a preset decides; those that come with twtui only where nobody has set any."""
    if preset is None or "map" in options.config.given:
        return None
    is_own = preset.name in options.config.file.presets
    return preset.map_kinds if is_own or not options.config.nearness("map") else None


def _map_kinds(
    value: str | tuple[MapKind, ...] | None, watches: tuple[Watch, ...]
) -> tuple[MapKind, ...]:
    if isinstance(value, tuple):
        return value
    if value is None:
        compared = all(watch.trigger.kind in _COMPARED for watch in watches)
        return tuple(MapKind) if compared else (MapKind.HASH,)
    named = [part.strip() for part in value.split(",")]
    for name in named:
        if name not in ("all", *MapKind):
            raise UsageError(f"bad map kind {name!r}", "give hash, array, lru_hash or all")
    return tuple(kind for kind in MapKind if "all" in named or kind in named)


def _buffer(size: int) -> int:
    if size & (size - 1):
        raise UsageError(f"--buffer {size} is not a power of two", "give 64k, 1m, 8m and so on")
    return size


def _threads(options: argparse.Namespace, targets: tuple[Target, ...]) -> tuple[int, ...]:
    """The threads that ``-t`` names; those of processes that were picked later do not count."""
    # the demo has no -t
    named = getattr(options, "tid", None) or ()
    return tuple(dict.fromkeys(tid for part in named for tid in part)) if targets else ()
