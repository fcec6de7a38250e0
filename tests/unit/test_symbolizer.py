"""Names of addresses, while the process lives and after its death; whether BCC is there or not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel.names import symbolizer as module
from twtui.kernel.names.file_symbols import FileCache, demangle
from twtui.kernel.names.symbolizer import Frame, Symbolizer
from twtui.kernel.processes.mappings import Module, read_mappings

from . import elf_samples
from .elf_samples import RunningProgram, running


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("symbolizer")


@pytest.fixture(scope="module")
def program(directory: Path) -> Path:
    return elf_samples.gcc(elf_samples.PROGRAM, directory / "sample", "-pie", "-fPIE")


@pytest.fixture
def started(program: Path) -> Iterator[RunningProgram]:
    with running(program) as one:
        yield one


@pytest.fixture
def symbolizer() -> Iterator[Symbolizer]:
    one = Symbolizer()
    yield one
    one.close()
    one.close()


def build_id(program: Path) -> str:
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True)
    return notes.stdout.partition("Build ID: ")[2].split()[0]


def die(started: RunningProgram) -> None:
    started.process.kill()
    started.process.wait()


@pytest.fixture(params=["with BCC", "without BCC"])
def bcc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "with BCC":
        return

    def refuse() -> None:
        raise UnsupportedError("BCC is not there")

    monkeypatch.setattr(module, "import_bcc", refuse)


@pytest.mark.usefixtures("bcc")
def test_functions_of_a_live_and_of_a_dead_process(
    symbolizer: Symbolizer, started: RunningProgram, program: Path
) -> None:
    names = ("exported_function", "hidden_function")
    expected = {
        started.addresses[name] + 3: Frame(
            started.addresses[name] + 3, name, 3, "sample", build_id(program)
        )
        for name in names
    }
    assert symbolizer.resolve(started.pid, expected) == expected
    die(started)
    assert symbolizer.resolve(started.pid, expected) == expected
    later = {address + 1 for address in expected}
    found = symbolizer.resolve(started.pid, later)
    assert {(frame.function, frame.offset_bytes) for frame in found.values()} == {
        (name, 4) for name in names
    }


def test_a_process_that_was_only_remembered(
    symbolizer: Symbolizer, started: RunningProgram
) -> None:
    address = started.addresses["hidden_function"]
    symbolizer.remember(started.pid)
    die(started)
    assert (
        str(symbolizer.resolve(started.pid, [address])[address]) == "hidden_function+0x0 (sample)"
    )


def test_a_process_never_seen(symbolizer: Symbolizer) -> None:
    assert symbolizer.resolve(999999999, [0x1000]) == {0x1000: Frame(0x1000)}


@pytest.mark.usefixtures("bcc")
def test_addresses_without_a_name(symbolizer: Symbolizer, started: RunningProgram) -> None:
    mappings = read_mappings(started.pid)
    data = started.addresses["exported_data"]
    code = mappings.at(started.addresses["exported_function"])
    assert code
    found = symbolizer.resolve(started.pid, [0, data, code.end - 1])
    assert str(found[0]) == "0x0"
    assert str(found[data]) == f"{data:#x}"
    assert str(found[code.end - 1]).startswith(f"{code.end - 1:#x} (sample+0x")


def test_a_replaced_file_is_not_taken_for_the_old_one(
    symbolizer: Symbolizer, program: Path, tmp_path: Path
) -> None:
    path = tmp_path / "sample"
    path.write_bytes(program.read_bytes())
    path.chmod(0o755)
    with running(path) as started:
        address = started.addresses["hidden_function"]
        symbolizer.remember(started.pid)
        die(started)
        path.unlink()
        elf_samples.gcc(elf_samples.PROGRAM, path, "-O0")
        frame = symbolizer.resolve(started.pid, [address])[address]
    assert frame.function == ""
    assert frame.module == "sample"


def test_a_new_image_after_exec(
    symbolizer: Symbolizer, program: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs after the exec is named, and late addresses of before it too."""
    monkeypatch.setattr(module, "_REFRESH_S", 0.0)
    script = directory / "script"
    script.write_text(f"#!/bin/sh\nread line\nexec {program}\n")
    script.chmod(0o755)
    with subprocess.Popen(
        [script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        # its starter goes on as soon as the exec has begun
        modules: Sequence[Module] = ()
        while not (modules and modules[0].code):
            modules = read_mappings(process.pid).modules
        shell = modules[0]
        before = shell.code[0].start
        assert symbolizer.resolve(process.pid, [before])[before].module == shell.name
        process.stdin.write("\n")
        process.stdin.flush()
        name, address = process.stdout.readline().split()
        after = int(address, 16)
        found = symbolizer.resolve(process.pid, [before, after])
        process.kill()
    assert found[after].function == name
    assert found[before].module == shell.name


def test_caches_are_bounded(
    symbolizer: Symbolizer, started: RunningProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_FRAMES", 8)
    monkeypatch.setattr(module, "_MOST_PROCESSES", 1)
    start = started.addresses["exported_function"]
    for address in range(start, start + 64):
        symbolizer.resolve(started.pid, [address])
    (process,) = symbolizer._processes.values()
    assert len(process.frames) <= 8
    symbolizer.remember(os.getpid())
    assert len(symbolizer._processes) == 1


def test_files_are_closed_when_there_are_many(
    started: RunningProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twtui.kernel.names.file_symbols._MOST_FILES", 1)
    cache = FileCache()
    identities = [cache.open(started.pid, one, 0.0) for one in read_mappings(started.pid).modules]
    assert len(set(identities)) > 1
    assert [one for one in identities if one and cache.get(one)] == identities[-1:]
    cache.close()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_ZN3foo3barEi", "foo::bar(int)"),
        ("main", "main"),
        ("_Z", "_Z"),
        ("_Znonsense", "_Znonsense"),
    ],
)
def test_demangling(name: str, text: str) -> None:
    assert demangle(name) == text


def test_a_name_that_would_grow_without_end_stays_as_it_is() -> None:
    """Each pair of references doubles the text: of these 14 it is half a megabyte, of 40 too much for any memory."""
    digits = "0123456789ABCD"
    name = "_Z1f1AIiiE" + "".join(f"S_IS{digit}_S{digit}_E" for digit in digits)
    assert len(name) < 160
    assert demangle(name) == name
