"""Measures what an event costs its target, against two baselines, in interleaved rounds. As root.

Every variant runs on the same process: a loop of getppid() calls, timed by the process itself.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.kernel.processes.targets import read_stat
from twtui.kernel.run.capture_program import pack_capture
from twtui.kernel.run.maps import SharedMaps, TargetFlag
from twtui.kernel.run.module import Module
from twtui.kernel.run.program import TRIGGER, Programs, Sizes, compile_defines, compile_modules
from twtui.kernel.run.ringbuf import RingBuffer
from twtui.kernel.run.triggers import Attachments
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Watch
from twtui.model.trigger import parse_trigger

_HERE = Path(__file__).parent
_TARGET = _HERE.parent / "kernel/targets/target.c"
_RING_BYTES = 1 << 23
_SIZES = Sizes(slots=1024, data_bytes=256)
_EMPTY = "empty callback, {}"
_ENTRY, _EXIT = parse_trigger("syscall:getppid"), parse_trigger("syscall:getppid:exit")


class Loop:
    """A process that makes a known number of calls when told, and says how long they took."""

    def __init__(self, program: Path, calls: int) -> None:
        self._calls = calls
        self.process = subprocess.Popen(
            [program, "call", "1", str(calls)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.address = int(self._until("ready "), 16)
        self._until("go")

    def _until(self, start: str) -> str:
        assert self.process.stdout
        while not (line := self.process.stdout.readline().decode()).startswith(start):
            assert line, "the target ended"
        return line.removeprefix(start).strip()

    def ns_per_call(self) -> float:
        """Let it run once."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return int(self._until("ns ")) / self._calls

    def end(self) -> None:
        """End it."""
        self.process.communicate(b"")


class Bench:
    """The programs of every variant, loaded once."""

    def __init__(self, stack: ExitStack) -> None:
        btf = kernel_btf()
        kfuncs = find_kfuncs(btf)
        modules = compile_modules(btf, tuple(MapKind), _SIZES)
        self.maps = SharedMaps(modules[MapKind.HASH], _RING_BYTES, _SIZES.event_bytes, _SIZES.slots)
        stack.callback(self.maps.close)
        self.ring = RingBuffer(self.maps.fds["events"], _RING_BYTES)
        stack.callback(self.ring.close)
        defines = tuple(compile_defines(btf, MapKind.HASH, _SIZES))
        names = ("plain", "empty")
        jobs = [
            CompileJob(MapKind.HASH, defines, (TRIGGER,), (_HERE / f"baselines/{name}.c",))
            for name in names
        ]
        baselines = compile_side_by_side(jobs)
        every = {str(kind): module for kind, module in modules.items()}
        every.update(zip(names, map(Module, baselines), strict=True))
        self._fds = {}
        for name, module in every.items():
            programs = Programs(module, kfuncs, self.maps.fds)
            stack.callback(programs.close)
            self._fds[name] = programs.load(TRIGGER, libbpf.PROG_TRACEPOINT)

    @contextmanager
    def attached(self, name: str, trigger: str, pid: int) -> Iterator[None]:
        """One program on its trigger; the target is let through."""
        attachments = Attachments()
        attachments.attach(parse_trigger(trigger), self._fds[name], 0)
        stat = read_stat(pid)
        assert stat
        self.maps.set_target(pid, stat.start_ticks, TargetFlag.NONE)
        try:
            yield
        finally:
            attachments.close()
            self.maps.remove_target(pid, stat.start_ticks)
            while self.ring.take():
                pass


def _variants(bench: Bench) -> dict[str, Callable[[Loop], float]]:
    def of(
        name: str, mode: Mode, defer: Defer, trigger: str = str(_ENTRY)
    ) -> Callable[[Loop], float]:
        def run(loop: Loop) -> float:
            watch = Watch(parse_trigger(trigger), parse_capture(f"str({loop.address:#x})"))
            bench.maps.set_capture(0, pack_capture(watch, ()))
            bench.maps.configure(mode, defer, 0, tuple(MapKind))
            with bench.attached(name, trigger, loop.process.pid):
                return loop.ns_per_call()

        return run

    def missed(loop: Loop) -> float:
        with bench.attached("plain", str(_ENTRY), 1):
            return loop.ns_per_call()

    variants: dict[str, Callable[[Loop], float]] = {
        "no program": Loop.ns_per_call,
        "tracepoint, other process": missed,
        "plain read and record": of("plain", Mode.RESUME, Defer.ALWAYS),
        _EMPTY.format(Mode.RESUME): of("empty", Mode.RESUME, Defer.ALWAYS),
        _EMPTY.format(Mode.SIGNAL): of("empty", Mode.SIGNAL, Defer.ALWAYS, str(_EXIT)),
        "defer fault, page resident": of(MapKind.HASH, Mode.RESUME, Defer.FAULT),
    }
    for kind in MapKind:
        variants[f"{kind} resume"] = of(kind, Mode.RESUME, Defer.ALWAYS)
        variants[f"{kind} signal"] = of(kind, Mode.SIGNAL, Defer.ALWAYS, str(_EXIT))
    return variants


def measure(rounds: int, calls: int) -> dict[str, list[float]]:
    """Nanoseconds per call of every variant, one figure a round."""
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        program = Path(directory) / "target"
        subprocess.run(["gcc", "-O1", "-pthread", "-o", program, _TARGET], check=True)
        variants = _variants(Bench(stack))
        for _ in range(rounds):
            for name, run in variants.items():
                loop = Loop(program, calls)
                try:
                    found.setdefault(name, []).append(run(loop))
                finally:
                    loop.end()
    return found


def report(found: dict[str, list[float]]) -> None:
    """Print medians with minimum and maximum, and the ratios that count."""
    write = sys.stdout.write
    write(f"{'':30} {'median':>9} {'min':>9} {'max':>9}  ns a call\n")
    for name, values in found.items():
        median = statistics.median(values)
        write(f"{name:30} {median:9,.0f} {min(values):9,.0f} {max(values):9,.0f}\n")

    def ratio(name: str, base: str) -> None:
        above = [a - z for a, z in zip(found[name], found["no program"], strict=True)]
        below = [a - z for a, z in zip(found[base], found["no program"], strict=True)]
        medians = statistics.median(found[name]) / statistics.median(found[base])
        least = min(found[name]) / min(found[base])
        added = statistics.median(above) / statistics.median(below)
        write(
            f"{name} / {base}: {medians:.2f} of medians, {least:.2f} of minima, {added:.2f} of what is added\n"
        )

    write("\n")
    for kind in MapKind:
        for mode in Mode:
            ratio(f"{kind} {mode}", _EMPTY.format(mode))
    ratio("defer fault, page resident", "plain read and record")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    report(measure(options.rounds, options.calls))


if __name__ == "__main__":
    main()
