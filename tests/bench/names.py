"""20,000 file names at openat(), cold and warm: who gets them, and what the target pays. As root.

Cold names lie on pages that are not mapped when the call is made. Every tool watches the same
program, in interleaved rounds; the time is the target's own. ``str()`` of bpftrace is moved to the
exit of the call, where the kernel has brought the page in.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from measuring import (
    CPUS,
    ROUNDS,
    Workload,
    interleaved,
    leave_a_cpu_to_the_target,
    not_installed,
    ratio,
    say,
    table,
)
from rivals import find_rival, running

_COUNT = 20_000
_PAGE = 4096
_NONE, _ALONE = "no tracer", "callbacks that read nothing"
_OURS, _AT_EXIT = "twtui", "twtui --defer exit"
Tracer = Callable[[int, Path], AbstractContextManager[None]]


def names(count: int) -> list[str]:
    """The names, none of which exists."""
    return [f"/no/such/place/{number:06}" for number in range(count)]


def twtui(*options: str) -> Tracer:
    """The preset for files, as a person would run it; every event as a line of JSON."""
    command = [sys.executable, "-m", "twtui", "record", "--preset", "files", "--json", *options]
    return lambda pid, output: running([*command, "-p", str(pid)], '"type":"header"', output)


def task_work_alone(pid: int, output: Path) -> AbstractContextManager[None]:
    """A callback for every call that reads nothing: what of the time is the kernel's own mechanism."""
    command = [sys.executable, "-m", "twtui", "record", "--trigger", "syscall:openat"]
    options = ["--capture", "none", "--map", "hash", "--json", "-p", str(pid)]
    return running([*command, *options], '"type":"header"', output)


def bpftrace_at_exit(command: tuple[str, ...]) -> Tracer:
    """Keep the pointer at entry, read at exit."""
    script = (
        "tracepoint:syscalls:sys_enter_openat /pid == PID/ { @name[tid] = args.filename } "
        "tracepoint:syscalls:sys_exit_openat /@name[tid]/ "
        '{ printf("%s\\n", str(@name[tid])); delete(@name[tid]) }'
    )
    return lambda pid, output: running(
        [*command, "-e", script.replace("PID", str(pid))], "Attach", output
    )


def strace(command: tuple[str, ...]) -> Tracer:
    """Stop the target at every call, read through ptrace; on any CPU, as it takes turns with the target."""
    options = ["-f", "-e", "trace=openat", "-s", "4096", "-p"]
    return lambda pid, output: running([*command, *options, str(pid)], "attached", output, CPUS)


@contextmanager
def nothing(_pid: int, _output: Path) -> Iterator[None]:
    """No tracer."""
    yield


def found_names(output: Path) -> list[str]:
    """The names that a tool wrote, in its order."""
    text = output.read_text(errors="replace")
    if '"type":"header"' in text:
        lines = map(json.loads, text.splitlines())
        return [line["text"] for line in lines if line["type"] == "event" and line.get("text")]
    return re.findall(r"/no/such/place/\d{6}", text)


def irq_works() -> int:
    """How often a CPU has interrupted itself for deferred work, which task work and wakeups both do."""
    for line in Path("/proc/interrupts").read_text().splitlines():
        if line.endswith("IRQ work interrupts"):
            return sum(int(word) for word in line.split() if word.isdecimal())
    return 0


class Bench:
    """One temporary directory with the names and what the tools wrote."""

    def __init__(self, directory: Path, count: int) -> None:
        self._directory = directory
        self._count = count
        self._names = directory / "names"
        pages = (name.encode().ljust(_PAGE, b"\0") for name in names(count))
        self._names.write_bytes(b"".join(pages))
        self.interrupts: dict[str, list[float]] = {}
        self.wrong: dict[str, set[str]] = {}
        """What was wrong with what each tool wrote; an empty text for a round in which nothing was."""

    def run(self, tool: str, tracer: Tracer, how: str) -> float:
        """The target's time in ms; whether the names are right and in order is kept."""
        output = self._directory / "output"
        target = Workload(self._directory, "names", how, self._count, self._names)
        try:
            with tracer(target.pid, output):
                before = irq_works()
                taken_ms = target.work().ns / 1e6
                self.interrupts.setdefault(f"{tool}, {how}", []).append(
                    (irq_works() - before) / self._count
                )
        finally:
            target.end()
        if tool not in (_NONE, _ALONE):
            found = found_names(output)
            wrong = "" if found == names(self._count) else f"{len(found):,} names, not as made"
            self.wrong.setdefault(f"{tool}, {how}", set()).add(wrong)
        return taken_ms


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--count", type=int, default=_COUNT)
    options = parser.parse_args()
    leave_a_cpu_to_the_target()
    tracers: dict[str, Tracer] = {
        _NONE: nothing,
        _OURS: twtui(),
        _AT_EXIT: twtui("--defer", "exit"),
        _ALONE: task_work_alone,
    }
    for name, make in (("bpftrace", bpftrace_at_exit), ("strace", strace)):
        if rival := find_rival(name):
            tracers[f"{name} {rival.version}"] = make(rival.command)
        else:
            not_installed(name)
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(Path(directory), options.count)
        variants = {
            f"{tool}, {how}": lambda tool=tool, tracer=tracer, how=how: bench.run(tool, tracer, how)
            for how in ("cold", "warm")
            for tool, tracer in tracers.items()
        }
        found = interleaved(options.rounds, variants)
    table(f"{options.count:,} names at openat(): the target's time", "ms", found)
    table("Interrupts of a CPU by itself (IRQ work)", "a name", bench.interrupts, 2)
    for variant, wrong in bench.wrong.items():
        said = "; ".join(sorted(wrong - {""}))
        say(f"  {variant}: {said or 'all names right and in order'}")
    for how, bound in (("cold", "≤ 1.1"), ("warm", "≤ 0.9")):
        for tool in tracers:
            if tool.startswith("bpftrace"):
                # both read a cold name at the call's end; by default twtui has a callback read it
                ratio(found, f"{_AT_EXIT}, {how}", f"{tool}, {how}", bound)
                ratio(found, f"{_OURS}, {how}", f"{tool}, {how}")
                ratio(found, f"{_ALONE}, {how}", f"{tool}, {how}")
            elif tool.startswith("strace"):
                ratio(found, f"{_OURS}, {how}", f"{tool}, {how}")


if __name__ == "__main__":
    main()
