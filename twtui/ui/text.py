"""Numbers, durations and sizes as people read them, each with its unit."""

from __future__ import annotations

import time

NO_VALUE = "–"
"""Stands where nothing was measured."""

_LARGE = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_DURATIONS = (
    (86_400e9, "d"),
    (3_600e9, "h"),
    (60e9, "min"),
    (1e9, "s"),
    (1e6, "ms"),
    (1e3, "µs"),
)
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def _three_digits(value: float) -> str:
    """Three significant digits where a number is below 100; no more than one decimal."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def count(number: int, width: int | None = None) -> str:
    """``12,402``; when that is wider than ``width``, ``12.4M``."""
    full = f"{number:,}"
    if width is None or len(full) <= width:
        return full
    for factor, prefix in _LARGE:
        if number >= factor:
            return _three_digits(number / factor) + prefix
    return full


def rate(per_second: float | None, ascii_only: bool = False) -> str:
    """``99.0 /s``, ``12.4k/s``; a dash for None."""
    if per_second is None:
        return "-" if ascii_only else NO_VALUE
    for factor, prefix in _LARGE:
        if per_second >= factor:
            return f"{_three_digits(per_second / factor)}{prefix}/s"
    return f"{_three_digits(per_second)} /s"


def duration(nanoseconds: int | float | None, ascii_only: bool = False) -> str:
    """``840 ns``, ``12 µs``, ``1.2 ms``, ``3.4 s``, ``5.0 min``; a dash for None."""
    if nanoseconds is None:
        return "-" if ascii_only else NO_VALUE
    sign, value = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for factor, unit in _DURATIONS:
        if value >= factor:
            scaled = value / factor
            digits = f"{scaled:.1f}" if scaled < 9.95 else f"{scaled:.0f}"
            return f"{sign}{digits} {unit.replace('µ', 'u') if ascii_only else unit}"
    return f"{sign}{value:.0f} ns"


def whole_duration(nanoseconds: int, ascii_only: bool = False) -> str:
    """``4 µs`` for 4,096 ns: without decimals, for the labels of an axis."""
    unit_ns = next((int(factor) for factor, _ in _DURATIONS if nanoseconds >= factor), 1)
    rounded = (nanoseconds + unit_ns // 2) // unit_ns
    return f"{rounded} {duration(unit_ns, ascii_only).split()[1]}"


def size(number_of_bytes: int) -> str:
    """``512 B``, ``8.0 MiB``."""
    for factor, unit in _SIZES:
        if number_of_bytes >= factor:
            return f"{_three_digits(number_of_bytes / factor)} {unit}"
    return f"{number_of_bytes} B"


def percent(share: float) -> str:
    """``61 %`` for 0.61; nearly all is never shown as all, nor nearly nothing as nothing."""
    if 0.99 < share < 1:
        return f"{min(share * 100, 99.9):.1f} %"
    if 0 < share < 0.01:
        return f"{max(share * 100, 0.1):.1f} %"
    return f"{share * 100:.0f} %"


def stopwatch(nanoseconds: int) -> str:
    """``00:01:23``: how long a run has lasted."""
    seconds = max(nanoseconds, 0) // 1_000_000_000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def wall_time(monotonic_ns: int, offset_ns: int, digits: int = 3) -> str:
    """``12:01:03.123``: the local time of a CLOCK_MONOTONIC instant."""
    realtime_ns = monotonic_ns + offset_ns
    seconds, fraction = divmod(realtime_ns, 1_000_000_000)
    text = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f"{text}.{fraction:09}"[: 9 + digits]


def wall_date(monotonic_ns: int, offset_ns: int) -> str:
    """``2026-03-01 12:01:03``: the local date of a CLOCK_MONOTONIC instant."""
    seconds = (monotonic_ns + offset_ns) // 1_000_000_000
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def plural(number: int, noun: str) -> str:
    """``1 thread``, ``5 threads``, ``1,234 new``-style counts with a regular noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
