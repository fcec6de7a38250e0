"""How long a person waits: for the help, for the first screen, from Enter to the first callback. As root."""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from measuring import ROUNDS, Workload, interleaved, ratio, table

from twtui.backend.live import LiveBackend
from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.compiling.compile_jobs import compile_side_by_side
from twtui.kernel.compiling.compiler import import_bcc, sources_of
from twtui.kernel.compiling.source import bpf_directory
from twtui.kernel.run.program import Sizes, jobs_of
from twtui.model.capture import parse_capture
from twtui.model.enums import MapKind
from twtui.model.plan import Plan, Target, Watch
from twtui.model.trigger import parse_trigger
from twtui.wire.layout import iter_events

_LINES, _COLUMNS = 40, 120
_PATIENCE_S = 30.0
_TWTUI = (sys.executable, "-m", "twtui")
_EMPTY_APP = """
import psutil, twtui.cli, twtui.commands.screen, twtui.ui.app, twtui.ui.start
from textual.app import App
from textual.widgets import Static

class Empty(App[None]):
    def compose(self):
        yield Static("selects several")

Empty().run()
"""
"""It imports what twtui does, and draws the words that the picker draws last."""
_MARK = b"selects several"
_RATE_HZ = 999
"""The first sample after 1 ms on the CPU, so that waiting for it is not what is measured."""
_SIZES = Sizes(slots=4096, data_bytes=256)


def ms_to_end(command: Sequence[str]) -> float:
    """From the start of a program to its end."""
    started_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started_s) * 1e3


def ms_to_paint(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """From the start of a program on a terminal until ``_MARK`` is drawn."""
    started_s = time.perf_counter()
    pid, terminal = pty.fork()
    if not pid:
        os.execvpe(command[0], list(command), dict(environ))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    seen = b""
    try:
        while _MARK not in seen:
            assert time.perf_counter() - started_s < _PATIENCE_S, seen[-2000:]
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 1 << 16)
        return (time.perf_counter() - started_s) * 1e3
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def ms_to_callback(pid: int, cache: Path) -> float:
    """From what Enter does until a callback of each map kind has run, by the kernel's clock."""
    os.environ["TWTUI_CACHE_DIR"] = str(cache)
    watch = Watch(parse_trigger("sample", _RATE_HZ), parse_capture("bytes(sp, 64)"))
    plan = Plan((Target(pid),), (watch,), tuple(MapKind))
    backend = LiveBackend()
    first_ns: dict[MapKind, int] = {}
    started_ns = time.monotonic_ns()
    try:
        backend.open(plan)
        while len(first_ns) < len(MapKind):
            assert time.monotonic_ns() - started_ns < _PATIENCE_S * 1e9
            for event in iter_events(backend.poll(0.1).records):
                first_ns.setdefault(event.map_kind, event.ran_ns)
    finally:
        backend.close()
    return (max(first_ns.values()) - started_ns) / 1e6


def ms_of_bcc_in_turn() -> float:
    """BCC alone, the three map kinds one after another in one process that has imported it."""
    jobs = jobs_of(kernel_btf(), tuple(MapKind), _SIZES)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        bcc = import_bcc()
        os.chdir(bpf_directory())
        started_s = time.perf_counter()
        for job in jobs:
            text = "\n".join(part.read_text() for part in sources_of(job.map_kind))
            bcc.BPF(text=text.encode(), cflags=[*job.defines, f"-I{bpf_directory()}"])
        os.write(writing, str((time.perf_counter() - started_s) * 1e3).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        taken_ms = float(pipe.read())
    os.waitpid(child, 0)
    return taken_ms


def ms_of_bcc_side_by_side() -> float:
    """BCC alone, a process for each map kind, with its import."""
    jobs = jobs_of(kernel_btf(), tuple(MapKind), _SIZES)
    started_s = time.perf_counter()
    compile_side_by_side(jobs)
    return (time.perf_counter() - started_s) * 1e3


def _help(rounds: int) -> None:
    found = interleaved(
        4 * rounds,
        {
            "python3 -c pass": lambda: ms_to_end([sys.executable, "-c", "pass"]),
            "twtui --help": lambda: ms_to_end([*_TWTUI, "--help"]),
        },
    )
    table("Help", "ms", found)
    ratio(found, "twtui --help", "python3 -c pass", "≤ 4")


def _picker(rounds: int, home: Path) -> None:
    environ = {**os.environ, "HOME": str(home), "TERM": "xterm-256color"}
    found = interleaved(
        2 * rounds,
        {
            "empty Textual app, same imports": lambda: ms_to_paint(
                [sys.executable, "-c", _EMPTY_APP], environ
            ),
            "picker with processes": lambda: ms_to_paint(_TWTUI, environ),
        },
    )
    table("First screen", "ms", found)
    ratio(found, "picker with processes", "empty Textual app, same imports", "≤ 1.5")


def _callback(rounds: int, directory: Path) -> None:
    # mostly asleep, so that the compiler has every CPU
    target = Workload(directory, "doze", 3600)
    target.begin()
    fresh = (directory / f"cache-{number}" for number in count())
    warm = next(fresh)
    try:
        ms_to_callback(target.pid, warm)
        found = interleaved(
            rounds,
            {
                "BCC alone, in turn": ms_of_bcc_in_turn,
                "BCC alone, side by side": ms_of_bcc_side_by_side,
                "Enter to callbacks, no cache yet": lambda: ms_to_callback(target.pid, next(fresh)),
                "Enter to callbacks, from the cache": lambda: ms_to_callback(target.pid, warm),
            },
        )
    finally:
        target.process.kill()
        target.end()
    table("First callback of all three map kinds", "ms", found)
    for base in ("BCC alone, in turn", "BCC alone, side by side"):
        ratio(found, "Enter to callbacks, no cache yet", base, "≤ 1.3")
        ratio(found, "Enter to callbacks, from the cache", base, "≤ 0.5")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        _help(options.rounds)
        _picker(options.rounds, Path(directory))
        _callback(options.rounds, Path(directory))


if __name__ == "__main__":
    main()
