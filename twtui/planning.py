"""From parsed options to a plan: targets looked up, triggers and captures parsed, defaults decided."""

from __future__ import annotations

import argparse
from dataclasses import replace

from twtui.errors import NoSuchTargetError, UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import DEFAULT_CAPTURE, Plan, Target, Watch
from twtui.model.trigger import DEFAULT_RATE_HZ, MAX_RATE_HZ, Trigger, TriggerKind, parse_trigger

_COMPARED = (TriggerKind.SAMPLE, TriggerKind.PROBE)
"""Triggers cheap enough to schedule from every map kind, so that the three can be compared."""


def find_targets(options: argparse.Namespace) -> tuple[Target, ...]:
    """The processes that the options name, each once; none when they name none.

    Raises:
        NoSuchTargetError: A PID cannot be a target, or nothing matches.
        UsageError: The name is not a regular expression.
    """
    from twtui.processes import find_target, matching

    found = {pid: find_target(pid) for part in options.pid or () for pid in part}
    if options.name is not None or options.user is not None:
        matches = matching(options.name or "", options.user or "")
        if not matches:
            raise NoSuchTargetError(
                "no process matches " + " and ".join(_wanted(options)),
                "look with ps, or start twtui without a name to pick one",
            )
        found.update({target.pid: target for target in matches})
    return tuple(found.values())


def _wanted(options: argparse.Namespace) -> list[str]:
    parts = []
    if options.name is not None:
        parts.append(f"-n {options.name!r}")
    if options.user is not None:
        parts.append(f"-u {options.user!r}")
    return parts


def make_plan(options: argparse.Namespace, targets: tuple[Target, ...]) -> Plan:
    """The plan that the options describe; not checked for targets when there are none yet.

    Raises:
        UsageError: An option is wrong, or the pair of trigger and mode is refused.
    """
    triggers = _triggers(options)
    capture = parse_capture(DEFAULT_CAPTURE if options.capture is None else options.capture)
    plan = Plan(
        targets=targets,
        watches=tuple(Watch(trigger, capture) for trigger in triggers),
        map_kinds=_map_kinds(options.map, triggers),
        mode=Mode(options.mode),
        defer=Defer(options.defer),
        max_bytes=options.max_bytes,
        slots=options.slots,
        buffer_bytes=_buffer(options.buffer),
    )
    if targets:
        return plan.check()
    # a picker adds the targets later; everything else can be refused now
    return _without_targets(plan)


def _without_targets(plan: Plan) -> Plan:
    return replace(replace(plan, targets=(Target(1),)).check(), targets=())


def _triggers(options: argparse.Namespace) -> tuple[Trigger, ...]:
    if options.frequency is not None and options.period is not None:
        raise UsageError("-F and --period exclude each other", "give one of them")
    rate_hz = options.frequency or DEFAULT_RATE_HZ
    if rate_hz > MAX_RATE_HZ:
        raise UsageError(f"-F {rate_hz} is out of range", f"give 1 to {MAX_RATE_HZ}")
    text = "sample" if options.trigger is None else options.trigger
    triggers = tuple(parse_trigger(part, rate_hz, options.period or 0) for part in text.split(","))
    sampled = any(trigger.kind is TriggerKind.SAMPLE for trigger in triggers)
    for flag, value in (("-F", options.frequency), ("--period", options.period)):
        if value is not None and not sampled:
            raise UsageError(f"{flag} needs a sample trigger", "add --trigger sample or leave it")
    return triggers


def _map_kinds(text: str | None, triggers: tuple[Trigger, ...]) -> tuple[MapKind, ...]:
    if text is None:
        compared = all(trigger.kind in _COMPARED for trigger in triggers)
        return tuple(MapKind) if compared else (MapKind.HASH,)
    named = [part.strip() for part in text.split(",")]
    for name in named:
        if name not in ("all", *MapKind):
            raise UsageError(f"bad map kind {name!r}", "give hash, array, lru_hash or all")
    return tuple(kind for kind in MapKind if "all" in named or kind in named)


def _buffer(size: int) -> int:
    if size & (size - 1):
        raise UsageError(f"--buffer {size} is not a power of two", "give 64k, 1m, 8m and so on")
    return size
