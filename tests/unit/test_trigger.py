"""Triggers: their texts, and where signal mode would make them fire themselves."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.errors import UsageError
from twtui.kernel.run import triggers
from twtui.model.trigger import SAMPLE_EVENTS, Trigger, TriggerKind, parse_trigger

TEXTS = [
    "sample",
    *(f"sample:{name}" for name in SAMPLE_EVENTS if name != "cpu-clock"),
    "probe",
    "probe:2hz",
    "syscall:openat",
    "syscall:read:exit",
    "tracepoint:sched:sched_switch",
    "uprobe:libc:malloc",
    "uprobe:/usr/bin/redis:main+16",
    "uretprobe:libssl:SSL_read",
]


def test_every_event_to_sample_has_a_number_for_the_kernel() -> None:
    assert set(triggers.SAMPLES) == set(SAMPLE_EVENTS)


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_is_kept(text: str) -> None:
    assert str(parse_trigger(text)) == text


@given(st.sampled_from(TEXTS), st.integers(1, 20_000), st.integers(0, 10**9))
def test_the_text_parses_to_the_same_trigger(text: str, rate_hz: int, period: int) -> None:
    trigger = parse_trigger(text, rate_hz, period)
    assert parse_trigger(str(trigger), trigger.rate_hz, trigger.period) == trigger


@given(st.text(max_size=40) | st.text("sampleuproby:cd1+0hz", max_size=30))
def test_garbage_is_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        trigger = parse_trigger(text)
        assert parse_trigger(str(trigger), trigger.rate_hz, trigger.period) == trigger


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kprobe:vfs_read",
        "sample:nosuch",
        "sample:cycles:u",
        "probe:0hz",
        "probe:2",
        "probe:20001hz",
        "probe:" + "9" * 5000 + "hz",
        "syscall",
        "syscall:",
        "syscall:read:entry",
        "syscall:../x",
        "tracepoint:sched",
        "tracepoint:a:b:c",
        "uprobe:malloc",
        "uprobe:libc:",
        "uprobe:libc:malloc+x",
        "uprobe:libc:malloc+-4",
    ],
)
def test_wrong_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_trigger(text)


def test_a_sample_takes_rate_or_period() -> None:
    assert parse_trigger("sample", 50) == Trigger(TriggerKind.SAMPLE, "cpu-clock", rate_hz=50)
    assert parse_trigger("sample:cycles", 50, 7) == Trigger(TriggerKind.SAMPLE, "cycles", period=7)
    assert parse_trigger("sample:page-faults").period == 1


def test_a_path_may_hold_colons() -> None:
    trigger = parse_trigger("uprobe:/opt/a:b/lib.so:run+0x10")
    assert (trigger.category, trigger.name, trigger.offset) == ("/opt/a:b/lib.so", "run", 16)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("sample", True),
        ("sample:task-clock", True),
        ("sample:page-faults", False),
        ("sample:context-switches", False),
        ("probe", True),
        ("syscall:read", False),
        ("syscall:read:exit", True),
        ("tracepoint:syscalls:sys_exit_read", True),
        ("tracepoint:raw_syscalls:sys_exit", True),
        ("tracepoint:syscalls:sys_enter_read", False),
        ("tracepoint:sched:sched_switch", False),
        ("tracepoint:mine:sys_exit_fake", False),
        ("uprobe:libc:malloc", True),
        ("uretprobe:libc:malloc", True),
    ],
)
def test_where_signal_mode_is_allowed(text: str, allowed: bool) -> None:
    assert parse_trigger(text).allows_signal is allowed
