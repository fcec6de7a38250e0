"""The table of settings: values are parsed or refused, and names do not collide."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.errors import UsageError
from twtui.settings.quantities import duration_ns, pids, size_bytes, whole_number
from twtui.settings.table import COMMANDS, settings_of


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10", 10_000_000_000),
        ("10s", 10_000_000_000),
        ("500ms", 500_000_000),
        ("1.5s", 1_500_000_000),
        ("20us", 20_000),
        ("2m", 120_000_000_000),
        ("1h", 3_600_000_000_000),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert duration_ns(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "size"), [("8m", 8 << 20), ("64K", 64 << 10), ("1GiB", 1 << 30), ("4096", 4096)]
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "10x", "ms", "1e3", "nan", "٣s", "9" * 400])
def test_bad_durations(text: str) -> None:
    with pytest.raises(UsageError):
        duration_ns(text)


@pytest.mark.parametrize("text", ["", "-1", "8x", "m", "8mm"])
def test_bad_sizes(text: str) -> None:
    with pytest.raises(UsageError):
        size_bytes(text)


def test_pids() -> None:
    assert pids("4242") == [4242]
    assert pids("1, 2,3") == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "x", "1,,2", "-5", "0", "2147483648", "1.5"])
def test_bad_pids(text: str) -> None:
    with pytest.raises(UsageError):
        pids(text)


@given(st.text(max_size=20) | st.text("0123456789.msku,-", max_size=20))
def test_garbage_is_refused_with_usage_error_only(text: str) -> None:
    for parse in (duration_ns, size_bytes, whole_number, pids):
        with contextlib.suppress(UsageError):
            parse(text)


@pytest.mark.parametrize("command", COMMANDS)
def test_flags_of_a_command_are_different(command: str) -> None:
    settings = settings_of(command)
    names = [setting.name for setting in settings] + ["help", "version"]
    shorts = [setting.short for setting in settings if setting.short] + ["h", "V"]
    assert len(set(names)) == len(names)
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_default_is_a_value_that_the_flag_takes(command: str) -> None:
    for setting in settings_of(command):
        if setting.metavar and setting.default is not None:
            assert setting.parse(setting.default_text or str(setting.default)) == setting.default
