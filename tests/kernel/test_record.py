"""``twtui record`` as a person runs it, against the kernel: lines, ledger, endings, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from kernel_harness import PATIENCE_S, TargetProcess

StartTarget = Callable[..., TargetProcess]
KINDS = ["hash", "array", "lru_hash"]


def record(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twtui", "record", *(str(one) for one in arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=3 * PATIENCE_S, **options
    )


def lines_of(output: str) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Header, events and summary; the order of the lines is checked."""
    lines = [json.loads(line) for line in output.splitlines()]
    types = [line["type"] for line in lines]
    assert types == ["header", *["event"] * (len(lines) - 2), "summary"]
    return lines[0], lines[1:-1], lines[-1]


@pytest.mark.parametrize("mode", ["resume", "signal"])
def test_a_busy_target_in_all_map_kinds(start_target: StartTarget, mode: str) -> None:
    target = start_target("spin", 2)
    done = record(
        "-p", target.pid, "--trigger", "sample", "-F", 499, "-m", mode, "-d", 2, "--json",
        "--capture", f"str({target.address:#x})",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    header, events, summary = lines_of(done.stdout)
    assert header["plan"]["map_kinds"] == KINDS
    assert {event["text"] for event in events} == {target.text.decode()}
    assert {event["mode"] for event in events} == {mode}
    assert all(summary["invariants"].values()), summary["invariants"]
    by_map = Counter(event["map"] for event in events)
    for kind in KINDS:
        row = summary["ledger"][kind][mode]
        # how many samples a busy machine takes in that time is not the point here
        assert row["completed"] > 20
        assert row["completed"] == by_map[kind]
        assert row["scheduled"] == sum(
            row[n] for n in ("completed", "pending", "cancelled", "lost")
        )
        assert summary["latency"][kind][mode]["p50"] > 0


def test_a_sleeper_is_pending_then_cancelled(start_target: StartTarget) -> None:
    target = start_target("pause", 1)
    target.tell()
    target.wait_asleep()
    done = record("-p", target.pid, "--trigger", "probe:5hz", "-d", 1, "--json")
    assert done.returncode == 0, done.stderr
    _, events, summary = lines_of(done.stdout)
    assert events == []
    row = summary["ledger"]["hash"]["resume"]
    assert row["scheduled"] == row["cancelled"] > 0
    assert row["completed"] == row["pending"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_the_summary(start_target: StartTarget, number: signal.Signals) -> None:
    target = start_target("spin", 1)
    command = [sys.executable, "-m", "twtui", "record", "-p", str(target.pid), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recording:
        assert recording.stdout
        first = recording.stdout.readline()
        os.kill(recording.pid, number)
        rest = recording.stdout.read()
    assert recording.returncode == 0
    _, _, summary = lines_of(first + rest)
    assert all(summary["invariants"].values())


def test_it_ends_with_its_target(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    command = [sys.executable, "-m", "twtui", "record", "-p", str(target.pid), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recording:
        assert recording.stdout
        first = recording.stdout.readline()
        # not reaped on purpose: a zombie has ended
        target.process.kill()
        rest = recording.stdout.read()
    assert recording.returncode == 0
    lines_of(first + rest)


def test_it_ends_after_a_count(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    done = record("-p", target.pid, "-c", 25, "--json")
    assert done.returncode == 0, done.stderr
    _, events, _ = lines_of(done.stdout)
    assert len(events) >= 25


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-p", "999999999"], 6, "999999999"),
        (["-p", "2"], 6, "kernel thread"),
        (["-p", "{pid}", "-m", "loud"], 2, "loud"),
        (["-p", "{pid}", "--capture", "str("], 2, "capture"),
        (["-p", "{pid}", "--capture", "str(arg9)"], 2, "arg9"),
        (["-p", "{pid}", "--capture", "bytes(sp)"], 2, "^"),
        (["-p", "{pid}", "--capture", "str(sym:no_such_symbol)"], 2, "no_such_symbol"),
        (["-p", "{pid}", "--capture", "(*" * 5000], 2, "^"),
        (["-p", "{pid}", "--capture", "\x1b[31m)"], 2, "capture"),
        (["-p", "{pid}", "--trigger", "uprobe:libc:no_such_function"], 2, "no_such_function"),
        (["-p", "{pid}", "--trigger", "sneeze"], 2, "sneeze"),
        (["-p", "{pid}", "--trigger", "tracepoint:sched:nonsense"], 2, "nonsense"),
        (["-p", "{pid}", "--trigger", "syscall:read", "-m", "signal"], 2, "signal mode"),
        (["-p", "{pid}", "-F", "10000000"], 2, "10000000"),
        (["-p", "{pid}", "-d", "soon"], 2, "soon"),
        (["-p", "{pid}", "--map", "tree"], 2, "tree"),
    ],
)
def test_bad_input_gets_two_lines_and_its_code(
    start_target: StartTarget, arguments: list[str], code: int, words: str
) -> None:
    target = start_target("spin", 1)
    done = record(*(argument.replace("{pid}", str(target.pid)) for argument in arguments), "--json")
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2


def test_an_ordinary_user_is_told_what_is_missing(start_target: StartTarget) -> None:
    target = start_target("spin", 1)
    done = record("-p", target.pid, "--json", user=65534, group=65534)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "sudo" in done.stderr
