"""Small programs, compiled for a test, that print where their functions and variables are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from twtui.kernel.processes.mappings import read_mappings

PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#define NOINLINE __attribute__((noinline, noclone))
extern int library_function(int);
extern int library_data;
extern int twice_v2(int);
int exported_data = 5;
static volatile int hidden_data = 6;
int common_data;
__thread int own_data = 7;
NOINLINE int exported_function(int x) { return x + exported_data; }
static NOINLINE int hidden_function(int x) { hidden_data += x; return hidden_data; }
#define SAY(name) printf(#name " %p\n", (void *)&name)
int main(void)
{
	char line[8];
	SAY(exported_function);
	SAY(hidden_function);
	SAY(exported_data);
	SAY(hidden_data);
	SAY(common_data);
#ifdef WITH_LIBRARY
	SAY(library_function);
	SAY(library_data);
#endif
	puts("go");
	fflush(stdout);
	own_data = exported_function(1) + hidden_function(2);
	return fgets(line, sizeof(line), stdin) != NULL;
}
"""

LIBRARY = r"""
int library_data = 8;
int library_function(int x) { return x + library_data; }
int old_twice(int x) { return x + 1; }
int new_twice(int x) { return 2 * x; }
__asm__(".symver old_twice, twice@VERSION_1");
__asm__(".symver new_twice, twice@@VERSION_2");
int picked_plain(int x) { return x; }
static void *pick(void) { return picked_plain; }
int picked(int x) __attribute__((ifunc("pick")));
static int first(int x) { return x; }
int (*keep_first)(int) = first;
"""
OTHER_UNIT = "static int first(int x) { return x + 1; } int (*keep_second)(int) = first;"
VERSIONS = "VERSION_1 { global: twice; }; VERSION_2 { global: *; };"


def gcc(source: str, output: Path, *flags: str) -> Path:
    """Compile; skips the test where there is no compiler."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no gcc")
    command = [compiler, "-O1", "-Wl,--build-id", "-x", "c", "-", "-o", str(output)]
    command += ["-x", "none", *flags]
    subprocess.run(command, input=source, text=True, check=True)
    return output


def library(directory: Path) -> Path:
    """libsample.so.1, with versions, a function picked at the start, and a name used twice."""
    script = directory / "versions"
    script.write_text(VERSIONS)
    other = directory / "other.c"
    other.write_text(OTHER_UNIT)
    path = directory / "libsample.so.1"
    return gcc(LIBRARY, path, str(other), "-shared", "-fPIC", f"-Wl,--version-script={script}")


@dataclass
class RunningProgram:
    """A program that has printed its addresses and waits."""

    process: subprocess.Popen[str]
    addresses: dict[str, int]

    @property
    def pid(self) -> int:
        return self.process.pid

    def file_offset(self, name: str) -> int:
        """Where the mappings say that a printed address is in its file."""
        mapping = read_mappings(self.pid).at(self.addresses[name])
        assert mapping
        return self.addresses[name] - mapping.start + mapping.offset


@contextmanager
def running(program: Path) -> Iterator[RunningProgram]:
    """Start a program, and end it."""
    with subprocess.Popen(
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        addresses = {}
        while (line := process.stdout.readline().split()) != ["go"]:
            addresses[line[0]] = int(line[1], 16)
        try:
            yield RunningProgram(process, addresses)
        finally:
            process.kill()
