"""Events a second of one core, from the ring buffer into what the model needs, against BCC's reader. As root.

Both ring buffers are filled by the kernel with the same records before the clock starts. BCC calls
Python for each record, which is decoded with ``event()``; ours goes through the engine, as on the
screen. The clock is this process's CPU time.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kernel_path import Loop
from measuring import HERE, ROUNDS, interleaved, ratio, table

from twtui.backend.demo import DEMO_TARGET
from twtui.engine import Engine
from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import find_kfuncs, kernel_btf
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.kernel.compiling.compiler import import_bcc
from twtui.kernel.processes.targets import read_stat
from twtui.kernel.run.capture_program import pack_capture
from twtui.kernel.run.maps import SharedMaps, TargetFlag
from twtui.kernel.run.module import Module
from twtui.kernel.run.program import TRIGGER, Programs, Sizes, compile_defines
from twtui.kernel.run.ringbuf import RingBuffer
from twtui.kernel.run.tracefs import mounted_tracefs
from twtui.kernel.run.triggers import Attachments
from twtui.model.batch import Batch
from twtui.model.capture import parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Command, Plan, Watch
from twtui.model.snapshot import BackendInfo
from twtui.model.trigger import parse_trigger
from twtui.wire.batches import pack_batch, unpack_batch
from twtui.wire.layout import iter_events

_RECORDS = 200_000
_RING_BYTES = 1 << 25
_TAKE_BYTES = 1 << 20
"""About 10,000 records: 100 ms at 100,000 a second."""
_TRIGGER = "syscall:getppid"


class Replay:
    """A backend that hands over batches from an iterator."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self.is_over = False

    def open(self, _plan: Plan) -> BackendInfo:
        return BackendInfo("live")

    def poll(self, _timeout_s: float) -> Batch:
        batch = next(self._batches, None)
        self.is_over = batch is None
        return batch or Batch(time.monotonic_ns())

    def send(self, _command: Command) -> None:
        pass

    def close(self) -> None:
        pass


class Ours:
    """A ring buffer of ours, and a plain program that fills it."""

    def __init__(self, stack: ExitStack, program: Path) -> None:
        self._program = program
        btf, sizes = kernel_btf(), Sizes(slots=64, data_bytes=256)
        defines = tuple(compile_defines(btf, MapKind.HASH, sizes))
        job = CompileJob(MapKind.HASH, defines, (TRIGGER,), (HERE / "baselines/plain.c",))
        module = Module(compile_side_by_side([job])[0])
        self._maps = SharedMaps(module, _RING_BYTES, sizes.event_bytes, sizes.slots)
        stack.callback(self._maps.close)
        self._ring = RingBuffer(self._maps.fds["events"], _RING_BYTES)
        stack.callback(self._ring.close)
        programs = Programs(module, find_kfuncs(btf), self._maps.fds)
        stack.callback(programs.close)
        self._fd = programs.load(TRIGGER, libbpf.PROG_TRACEPOINT)

    def fill(self, records: int) -> None:
        """One record for each call of a process."""
        loop = Loop(self._program, records)
        watch = Watch(parse_trigger(_TRIGGER), parse_capture(f"str({loop.address:#x})"))
        self._maps.set_capture(0, pack_capture(watch, ()))
        self._maps.configure(Mode.RESUME, Defer.ALWAYS, 0, tuple(MapKind))
        stat = read_stat(loop.process.pid)
        assert stat
        self._maps.set_target(loop.process.pid, stat.start_ticks, TargetFlag.NONE)
        attachments = Attachments()
        attachments.attach(watch.trigger, self._fd, 0)
        loop.ns_per_call()
        attachments.close()
        loop.end()

    def batches(self) -> Iterator[Batch]:
        """What is in the ring, as the kernel process takes it."""
        while records := self._ring.take(_TAKE_BYTES):
            yield Batch(time.monotonic_ns(), records)


class Bccs:
    """A ring buffer of BCC's, filled by a program with the same record, and its usual reader."""

    def __init__(self, program: Path) -> None:
        self._bcc = import_bcc()
        self._program = program
        self._source = (HERE / "baselines/ring_events.c").read_text()
        self.seen = 0

    def fill(self, records: int) -> None:
        """One record for each call of a process."""
        loop = Loop(self._program, records)
        values = {"FILLER": loop.process.pid, "ADDRESS": hex(loop.address)}
        flags = [f"-D{name}={value}" for name, value in values.items()]
        flags.append(f"-DRING_PAGES={_RING_BYTES // 4096}")
        self._bpf = self._bcc.BPF(text=self._source, cflags=flags)
        self._bpf.attach_tracepoint(tp="syscalls:sys_enter_getppid", fn_name="fill")
        loop.ns_per_call()
        self._bpf.detach_tracepoint(tp="syscalls:sys_enter_getppid")
        loop.end()
        self._events = self._bpf["events"]
        self._events.open_ring_buffer(self._one)
        self.seen = 0

    def _one(self, _context: Any, data: Any, _size: int) -> None:
        event = self._events.event(data)
        self.last = (event.trigger_ns, event.tid, event.comm, event.data)
        self.seen += 1

    def read(self) -> int:
        """Everything that is in the ring."""
        self._bpf.ring_buffer_consume()
        return self.seen

    def close(self) -> None:
        """Give it back."""
        self._bpf.cleanup()


def take(batches: Iterator[Batch]) -> int:
    """Out of the ring alone, which is the kernel process's part; all records are of one size."""
    taken = b"".join(batch.records for batch in batches)
    size = int.from_bytes(taken[:4], "little") + 8
    return len(taken) // (size + -size % 8)


def decode(batches: Iterator[Batch]) -> int:
    """Into events, nothing else."""
    return sum(len(list(iter_events(batch.records))) for batch in batches)


def step(batches: Iterator[Batch]) -> int:
    """Through the engine, as on the screen."""
    watch = Watch(parse_trigger(_TRIGGER), parse_capture("str(arg1)"))
    backend = Replay(batches)
    engine = Engine(backend, Plan((DEMO_TARGET,), (watch,)), lambda _: None)
    engine.open()
    while not backend.is_over:
        assert engine.step(0), engine.failure
    engine.stop(0)
    return engine.latest.events_seen


def both_processes(batches: Iterator[Batch]) -> int:
    """The same, with the form in which batches go from the kernel process to the user process."""
    return step(unpack_batch(pack_batch(batch)) for batch in batches)


def _rate(records: int, read: Callable[[], int]) -> float:
    before_s = time.process_time()
    seen = read()
    taken_s = time.process_time() - before_s
    assert seen == records, f"{seen} of {records} records"
    return records / taken_s / 1e6


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--records", type=int, default=_RECORDS)
    options = parser.parse_args()
    records = options.records
    mounted_tracefs()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program = directory / "target"
        source = HERE.parent / "kernel/targets/target.c"
        subprocess.run(["gcc", "-O1", "-pthread", "-o", program, source], check=True)
        ours, bccs = Ours(stack, program), Bccs(program)

        def of_ours(read: Callable[[Iterator[Batch]], int]) -> Callable[[], float]:
            def run() -> float:
                ours.fill(records)
                return _rate(records, lambda: read(ours.batches()))

            return run

        def of_bcc() -> float:
            bccs.fill(records)
            try:
                return _rate(records, bccs.read)
            finally:
                bccs.close()

        found = interleaved(
            options.rounds,
            {
                "BCC, event() and 4 fields": of_bcc,
                "twtui, out of the ring": of_ours(take),
                "twtui, wire: every event a tuple": of_ours(decode),
                "twtui, engine.step": of_ours(step),
                "twtui, both processes": of_ours(both_processes),
            },
        )
    table(f"{records:,} records, read from the ring", "M events/s of a core", found, 2)
    for name in list(found)[1:]:
        bound = "≥ 4" if name == "twtui, engine.step" else ""
        ratio(found, name, "BCC, event() and 4 fields", bound, more_is_better=True)


if __name__ == "__main__":
    main()
