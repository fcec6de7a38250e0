"""Names that need the machine: the kernel's, those that a run-time compiler writes down, other mounts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.kernel.names.symbolizer import Symbolizer
from twtui.kernel.processes.mappings import read_mappings

_COMPILER = """
import ctypes, mmap, os, sys
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
with open(f"/tmp/perf-{os.getpid()}.map", "w") as names:
    names.write(f"{address:x} 40 compiled_function\\n")
print(address, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def symbolizer() -> Iterator[Symbolizer]:
    one = Symbolizer()
    yield one
    one.close()


def test_an_address_of_the_kernel(symbolizer: Symbolizer) -> None:
    lines = (line.split() for line in Path("/proc/kallsyms").read_text().splitlines())
    address = next(int(line[0], 16) for line in lines if line[2] == "do_sys_openat2")
    frame = symbolizer.resolve(os.getpid(), [address + 5])[address + 5]
    assert (frame.function, frame.offset_bytes, frame.module) == ("do_sys_openat2", 5, "kernel")
    unknown = symbolizer.resolve(os.getpid(), [(1 << 63) + 1])[(1 << 63) + 1]
    assert unknown.function == ""


def test_what_a_run_time_compiler_writes_down(symbolizer: Symbolizer) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _COMPILER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        address = int(process.stdout.readline())
        try:
            frame = symbolizer.resolve(process.pid, [address + 8])[address + 8]
        finally:
            process.communicate("\n")
            Path(f"/tmp/perf-{process.pid}.map").unlink()
    assert (frame.function, frame.offset_bytes) == ("compiled_function", 8)


def test_a_program_of_another_mount_namespace(symbolizer: Symbolizer, tmp_path: Path) -> None:
    """Its file stays open: after its death no path leads to it any more."""
    script = 'mount -t tmpfs tmpfs "$0" && cp /bin/cat "$0/kitten" && exec "$0/kitten"'
    with subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script, tmp_path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write("ready\n")
        process.stdin.flush()
        process.stdout.readline()
        code = next(m for m in read_mappings(process.pid).modules if m.name == "kitten").code[0]
        first = symbolizer.resolve(process.pid, [code.start])[code.start]
        process.kill()
        process.wait()
        late = symbolizer.resolve(process.pid, [code.end - 1])[code.end - 1]
    assert (first.module, late.module) == ("kitten", "kitten")
    assert first.build_id == late.build_id != ""
