"""Runs inside a root, in a guest or on the running kernel: the smoke tests and a record, and says what came of it.

``inside.py works`` on a kernel with task work, ``inside.py refuses`` on an older one; behind it ``guest``
where the kernel's log is of this run alone, and ``thorough`` for the costly tests too. The last line of its output is the result as JSON, behind
``MARK``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from smoke import COSTLY, ONLY_IN_GUESTS, REFUSAL, SMOKE

MARK = "@@result "
_JUNIT = Path("/tmp/smoke.xml")
_TESTS = Path(__file__).resolve().parent.parent / "kernel"
_KINDS = ("hash", "array", "lru_hash")
_RECORD_S = 2
_PATIENCE_S = "240"
_PROGRAMS = "/tmp/programs"
"""Compiled once for the tests and the record: under emulation, three map kinds take most of a minute."""
_TROUBLE = ("BUG:", "WARNING:", "Oops", "general protection", "Call Trace")
"""What the kernel's log says when something went wrong inside it."""
_LINES_AROUND = 40


def main(expected: str, in_guest: bool, thorough: bool) -> int:
    """Everything, in order; a problem of one part does not keep the next from running."""
    started_s = time.monotonic()
    result: dict[str, Any] = {"kernel": os.uname().release, "up_s": _up_s(), "problems": []}
    problems: list[str] = result["problems"]
    checks = _doctor(problems)
    result["said"] = {name: checks[name]["detail"] for name in checks}
    if expected == "refuses":
        result["tests"] = _tests(REFUSAL, problems)
        result["refusal"] = _refusal(checks, problems)
    else:
        names = SMOKE + (COSTLY if thorough else ()) + (ONLY_IN_GUESTS if in_guest else ())
        result["tests"] = _tests(names, problems, asked=_all_is_well(checks))
        result["record"] = {mode: _record(mode, problems) for mode in ("resume", "signal")}
    if in_guest:
        problems += _kernel_trouble()
    result["seconds"] = time.monotonic() - started_s
    print(f"\n{MARK}{json.dumps(result)}", flush=True)  # noqa: T201 - the result is what is printed
    return 0


def _up_s() -> float:
    return float(Path("/proc/uptime").read_text().split()[0])


def _kernel_trouble() -> list[str]:
    lines = subprocess.run(["dmesg"], capture_output=True, text=True).stdout.splitlines()
    found = [at for at, line in enumerate(lines) if any(word in line for word in _TROUBLE)]
    if not found:
        return []
    around = lines[max(found[0] - _LINES_AROUND, 0) : found[0] + _LINES_AROUND]
    print("\n".join(["== dmesg, where it begins", *around]), flush=True)  # noqa: T201 - as above
    return [f"the kernel's log: {lines[found[0]]}"]


def _twtui(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "twtui", *(str(word) for word in words)]
    environ = {**os.environ, "TWTUI_CACHE_DIR": _PROGRAMS}
    return subprocess.run(command, capture_output=True, text=True, env=environ)


def _doctor(problems: list[str]) -> dict[str, dict[str, Any]]:
    done = _twtui("doctor", "--json")
    _show("twtui doctor --json", done)
    try:
        return {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    except (ValueError, KeyError):
        problems.append(f"doctor: exit code {done.returncode}: {_last_line(done.stderr)}")
        return {}


def _all_is_well(checks: dict[str, dict[str, Any]]) -> bool:
    return bool(checks) and all(
        check["answer"] == "yes" for check in checks.values() if check["required"]
    )


def _tests(names: tuple[str, ...], problems: list[str], asked: bool = False) -> dict[str, int]:
    """Run tests; each has to run, and to pass.

    Args:
        names: Which.
        problems: What went wrong is added.
        asked: The doctor has been, and found that all is well.
    """
    command = [sys.executable, "-m", "pytest", "-v", "--color=no", "-p",
               "no:cacheprovider", "--durations=8",
               f"--junitxml={_JUNIT}", *(str(_TESTS / name) for name in names)]  # fmt: skip
    environ = {
        **os.environ,
        "TWTUI_KERNEL_TESTS": "require",
        "TWTUI_TEST_PATIENCE_S": _PATIENCE_S,
        "TWTUI_TEST_CACHE_DIR": _PROGRAMS,
        "TWTUI_TEST_DOCTOR": "yes" if asked else "",
    }
    code = subprocess.run(command, env=environ, cwd=_TESTS.parent.parent).returncode
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not _JUNIT.exists():
        problems.append(f"pytest ended with exit code {code}")
        return counts
    for case in ElementTree.parse(_JUNIT).iter("testcase"):
        outcome = "passed"
        if case.find("skipped") is not None:
            outcome = "skipped"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome = "failed"
        counts[outcome] += 1
        if outcome != "passed":
            problems.append(f"{outcome}: {case.get('name')}")
    if code and not problems:
        problems.append(f"pytest ended with exit code {code}")
    return counts


def _record(mode: str, problems: list[str]) -> dict[str, int]:
    """``twtui record --json`` of the demo's program with every map kind; what the ledger says."""
    command = [sys.executable, "-I", "-m", "twtui.workload"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as workload:
        assert workload.stdout is not None
        about = json.loads(workload.stdout.readline())
        done = _twtui(
            "record", "-p", about["pid"], "--trigger", "sample", "-F", 199, "--map", "all",
            "--mode", mode, "--capture", f"str(*{about['current']:#x})", "-d", _RECORD_S, "--json",
        )  # fmt: skip
        assert workload.stdin is not None
        workload.stdin.close()
        workload.wait()
    _show(f"twtui record --mode {mode} --json", done, lines=1)
    if done.returncode:
        problems.append(f"record in {mode} mode: exit code {done.returncode}: {done.stderr}")
        return {}
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    summary = lines[-1]
    for name, holds in summary["invariants"].items():
        if not holds:
            problems.append(f"record in {mode} mode: {name} does not hold")
    total = {"scheduled": 0, "completed": 0, "rescued": 0}
    for kind in _KINDS:
        counters = summary["ledger"].get(kind, {}).get(mode, {})
        if not counters.get("completed"):
            problems.append(f"record in {mode} mode: no callback of {kind} has come")
        for name in total:
            total[name] += counters.get(name, 0)
    if not any(line.get("text") for line in lines):
        problems.append(f"record in {mode} mode: nothing was read")
    return total


def _refusal(checks: dict[str, dict[str, Any]], problems: list[str]) -> str:
    """What the doctor says is missing, and what is needed."""
    check = checks.get("task work kfuncs", {})
    if check.get("answer") != "no":
        problems.append("the doctor finds task work where there can be none")
    return f"{check.get('fix')}: {check.get('detail')}"


def _show(title: str, done: subprocess.CompletedProcess[str], lines: int = 0) -> None:
    """Into the log: the command, how it ended, and the end of what it wrote."""
    written = done.stdout.splitlines()[-lines:] if lines else done.stdout.splitlines()
    text = "\n".join([f"== {title}: exit code {done.returncode}", *written, done.stderr])
    print(text, flush=True)  # noqa: T201 - the log is what is printed


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "guest" in sys.argv, "thorough" in sys.argv))
