"""Code made at run time: named by the map that its process writes, which may hold or be anything."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.kernel.names.perf_map import PerfMap
from twtui.kernel.names.symbolizer import Symbolizer
from twtui.kernel.names.vdso import NAME, vdso_function
from twtui.kernel.processes.mappings import read_mappings

_PROGRAM = """
import ctypes, mmap, sys
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
print(ctypes.addressof(ctypes.c_char.from_buffer(code)), flush=True)
sys.stdin.read()
"""


class Compiler:
    """A process with code in memory that no file has."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout
        self.pid = self._process.pid
        self.code = int(self._process.stdout.readline())
        self.map = Path(f"/tmp/perf-{self.pid}.map")

    def end(self) -> None:
        self._process.communicate()
        self.map.unlink(missing_ok=True)


@pytest.fixture
def compiler() -> Iterator[Compiler]:
    made = Compiler()
    yield made
    made.end()


def name(compiler: Compiler, offset: int = 3) -> str:
    symbolizer = Symbolizer()
    address = compiler.code + offset
    try:
        return symbolizer.resolve(compiler.pid, [address])[address].function
    finally:
        symbolizer.close()


def test_a_function_is_named(compiler: Compiler) -> None:
    compiler.map.write_text(f"{compiler.code:x} 100 made at run time\n0x1 0x2 other\n")
    assert name(compiler) == "made at run time"
    assert name(compiler, 0x100) == ""


@pytest.mark.parametrize("kind", ["pipe", "directory", "link to a device", "nothing"])
def test_what_is_no_file_is_not_waited_for(compiler: Compiler, kind: str) -> None:
    match kind:
        case "pipe":
            os.mkfifo(compiler.map)
        case "directory":
            compiler.map.mkdir()
        case "link to a device":
            compiler.map.symlink_to("/dev/zero")
    try:
        assert name(compiler) == ""
    finally:
        if kind == "directory":
            compiler.map.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to give a file away")
def test_a_map_of_somebody_else_is_not_believed(compiler: Compiler) -> None:
    compiler.map.write_text(f"{compiler.code:x} 100 forged\n")
    os.chown(compiler.map, 65534, 65534)
    assert name(compiler) == ""


def test_what_is_written_later_is_read_then_and_a_cut_line_when_it_is_whole(
    compiler: Compiler,
) -> None:
    found = PerfMap(compiler.pid)
    compiler.map.write_text("1000 10 first\n2000 10 seco")
    found.refresh()
    assert found.function_at(0x1008) == ("first", 8)
    assert found.function_at(0x2000) is None
    with compiler.map.open("a") as file:
        file.write("nd\n1000 20 again\n")
    found.refresh()
    assert found.function_at(0x2000) == ("second", 0)
    assert found.function_at(0x1018) == ("again", 24)


def test_a_map_without_end_is_not_read_to_its_end(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twtui.kernel.names.perf_map._MOST_BYTES", 64)
    monkeypatch.setattr("twtui.kernel.names.perf_map._MOST_FUNCTIONS", 3)
    compiler.map.write_text("".join(f"{n:x} 1 f\n" for n in range(1, 100)))
    found = PerfMap(compiler.pid)
    for _ in range(5):
        found.refresh()
    assert [n for n in range(1, 100) if found.function_at(n)] == [1, 2, 3]


def test_the_vdso_is_named_by_our_own_copy() -> None:
    (mapping,) = (one for one in read_mappings(os.getpid()).mappings if one.path == NAME)
    found = {
        made[0]
        for address in range(mapping.start, mapping.end, 16)
        if (made := vdso_function(mapping, address))
    }
    assert "clock_gettime" in {text.removeprefix("__vdso_") for text in found}
    assert mapping.end - mapping.start >= mmap.PAGESIZE
