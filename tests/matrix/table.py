"""The table: what each kernel made of each BCC, for a person and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from choice import Row
from inside import MARK
from machines import Ended


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one row."""

    row: Row
    kernel: str
    """The release that ran, by its own word."""
    versions: Mapping[str, str]
    """Debian's versions of bcc, llvm and python."""
    seconds: float
    problems: tuple[str, ...] = ()
    """Empty when all is as it has to be."""
    ready_s: float = 0.0
    """From power on to the first command; 0 on the running kernel."""
    kfuncs: str = ""
    """Which kfuncs the doctor found."""
    tests: Mapping[str, int] = field(default_factory=dict)
    """How many passed, failed and were skipped."""
    record: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By mode: scheduled, completed and rescued."""
    refusal: str = ""
    """What an old kernel was told to lack."""
    boots: int = 0
    """How often the guest was started; 0 on the running kernel."""
    log: str = ""
    """Where all output is."""

    @property
    def passed(self) -> bool:
        """All is as it has to be."""
        return not self.problems


def read_result(row: Row, ended: Ended, versions: Mapping[str, str], log: Path) -> Result:
    """Make a result of what a job has written: behind a mark in its last lines.

    Args:
        row: What ran.
        ended: How it ended.
        versions: Of the root.
        log: Where its output is kept.
    """
    _, found, text = ended.output.rpartition(MARK)
    if not found:
        reason = ended.problem or "it ended without a result"
        return Result(
            row, row.kernel, versions, ended.seconds, (reason,), boots=ended.boots, log=str(log)
        )
    said = json.loads(text.splitlines()[0])
    problems = [*said["problems"], *([ended.problem] if ended.problem else [])]
    return Result(
        row=row,
        kernel=said["kernel"],
        versions=versions,
        seconds=ended.seconds,
        problems=tuple(problems),
        ready_s=0.0 if row.is_running else said["up_s"],
        kfuncs=said["said"].get("task work kfuncs", ""),
        tests=said["tests"],
        record=said.get("record", {}),
        refusal=said.get("refusal", ""),
        boots=ended.boots,
        log=str(log),
    )


def table(results: Sequence[Result]) -> str:
    """One line for each row, and for each that failed what and where."""
    lines = [_HEADINGS, *(_cells(result) for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    for result in results:
        if not result.passed:
            text += ["", f"FAILED {result.row.name}, see {result.log}"]
            text += [f"  {problem}" for problem in result.problems]
    return "\n".join(text) + "\n"


_HEADINGS = ("kernel", "BCC", "LLVM", "Python", "kfuncs", "tests", "resume", "signal",
             "ready", "whole", "result")  # fmt: skip


def _cells(result: Result) -> tuple[str, ...]:
    kernel = result.kernel + (" (running)" if result.row.is_running else "")
    tests = f"{result.tests.get('passed', 0)}/{sum(result.tests.values())}" if result.tests else ""
    ready = f"{result.ready_s:.0f} s" if result.ready_s else ""
    return (
        kernel,
        f"{_short(result.versions['bcc'])} {result.row.suite}",
        _short(result.versions["llvm"]),
        _short(result.versions["python"]),
        result.kfuncs if not result.refusal else "none",
        tests,
        _record_cell(result.record.get("resume")),
        _record_cell(result.record.get("signal")),
        ready,
        f"{result.seconds:.0f} s",
        _verdict(result),
    )


def _short(version: str) -> str:
    """Debian's version without its epoch and its own part: ``0.37.0``."""
    version = version.rpartition(":")[2]
    for mark in ("-", "+", "~"):
        version = version.partition(mark)[0]
    return version


def _record_cell(counters: Mapping[str, int] | None) -> str:
    return f"{counters['completed']}/{counters['scheduled']}" if counters else ""


def _verdict(result: Result) -> str:
    if not result.passed:
        return f"FAILED: {result.problems[0]}"
    again = f", at boot {result.boots}" if result.boots > 1 else ""
    return (f"refuses ({result.refusal})" if result.refusal else "works") + again


def as_json(results: Sequence[Result]) -> str:
    """The same for a program."""
    rows: list[dict[str, Any]] = [{**asdict(result), "passed": result.passed} for result in results]
    return json.dumps({"rows": rows}, indent=2) + "\n"
