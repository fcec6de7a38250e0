"""What settings have to mean beyond their form: triggers, captures, map kinds, rates and sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twtui.errors import UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind
from twtui.model.plan import Plan, Target, Watch
from twtui.model.redaction import Redaction
from twtui.model.trigger import MAX_RATE_HZ, parse_trigger

_ANY_PLAN = Plan((Target(1),), (Watch(parse_trigger("sample"), parse_capture("none")),))
_Check = Callable[[Any], object]


def map_kinds(text: str) -> tuple[MapKind, ...]:
    """The map kinds that a list names, in their own order.

    Raises:
        UsageError: It names something else.
    """
    named = [part.strip() for part in text.split(",")]
    for name in named:
        if name not in ("all", *MapKind):
            raise UsageError(f"bad map kind {name!r}", "give hash, array, lru_hash or all")
    return tuple(kind for kind in MapKind if "all" in named or kind in named)


def rate_hz(rate: int) -> int:
    """A rate at which the kernel can sample.

    Raises:
        UsageError: It is out of range.
    """
    if rate > MAX_RATE_HZ:
        raise UsageError(f"-F {rate} is out of range", f"give 1 to {MAX_RATE_HZ}")
    return rate


def buffer_bytes(size: int) -> int:
    """A size that a ring buffer can have.

    Raises:
        UsageError: It cannot.
    """
    if size & (size - 1):
        raise UsageError(f"--buffer {size} is not a power of two", "give 64k, 1m, 8m and so on")
    return size


def _of_plan(field: str) -> _Check:
    return lambda value: replace(_ANY_PLAN, **{field: value}).check()


_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    "map": (map_kinds,),
    "trigger": (lambda text: [parse_trigger(part) for part in text.split(",")],),
    "capture": (parse_capture,),
    "frequency": (rate_hz,),
    "max_bytes": (_of_plan("max_bytes"),),
    "slots": (_of_plan("slots"),),
    "buffer": (buffer_bytes, _of_plan("buffer_bytes")),
    "redact": (Redaction,),
}


def check_meaning(key: str, value: object) -> None:
    """See that a setting that is not checked by its form can be run with.

    Args:
        key: Of the setting.
        value: What its text was parsed into.

    Raises:
        UsageError: It cannot.
    """
    for check in _CHECKS.get(key, ()):
        check(value)
