"""Symbols of compiled programs, against the addresses that the programs themselves print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twtui.errors import UsageError
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.names.instructions import starts_instruction
from twtui.kernel.names.symbols import function_offset, symbol_address

from . import elf_samples
from .elf_samples import RunningProgram, running

KINDS = {
    "pie": ("-pie", "-fPIE"),
    "fixed": ("-no-pie", "-fno-PIE"),
    "fixed, one segment": ("-no-pie", "-fno-PIE", "-Wl,-z,noseparate-code"),
    "static pie": ("-static-pie", "-fPIE"),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elf")


@pytest.fixture(scope="module")
def library(directory: Path) -> Path:
    return elf_samples.library(directory)


@pytest.fixture(scope="module", params=KINDS)
def program(request: pytest.FixtureRequest, directory: Path) -> Path:
    path = directory / str(request.param).replace(" ", "-")
    return elf_samples.gcc(elf_samples.PROGRAM, path, "-fcommon", *KINDS[request.param])


@pytest.fixture
def linked(directory: Path, library: Path) -> Iterator[RunningProgram]:
    """A program that uses the library."""
    path = elf_samples.gcc(
        elf_samples.PROGRAM, directory / "linked", "-DWITH_LIBRARY", str(library),
        "-fPIE", "-pie", f"-Wl,-rpath,{directory}",
    )  # fmt: skip
    with running(path) as started:
        yield started


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def elf(path: Path, stack: ExitStack) -> ElfFile:
    return ElfFile(stack.enter_context(path.open("rb")), str(path))


def test_functions_are_where_the_program_says(program: Path, opened: ExitStack) -> None:
    file = elf(program, opened)
    assert not file.is_stripped
    with running(program) as started:
        for name in ("exported_function", "hidden_function"):
            assert function_offset(file, name) == started.file_offset(name)


def test_variables_are_where_the_program_says(program: Path) -> None:
    with running(program) as started:
        for name, address in started.addresses.items():
            assert symbol_address(started.pid, name) == address


def test_a_stripped_program_has_what_it_exports(directory: Path, opened: ExitStack) -> None:
    path = elf_samples.gcc(elf_samples.PROGRAM, directory / "stripped", "-rdynamic", "-s", "-pie")
    file = elf(path, opened)
    assert file.is_stripped
    with running(path) as started:
        assert function_offset(file, "exported_function") == started.file_offset(
            "exported_function"
        )
        assert symbol_address(started.pid, "exported_data") == started.addresses["exported_data"]
    with pytest.raises(UsageError, match="has no function hidden_function") as caught:
        function_offset(file, "hidden_function")
    assert "only exported" in caught.value.hint


def test_a_library_of_a_program(linked: RunningProgram, library: Path, opened: ExitStack) -> None:
    file = elf(library, opened)
    assert function_offset(file, "library_function") == linked.file_offset("library_function")
    for name in ("library_function", "library_data"):
        assert symbol_address(linked.pid, name) == linked.addresses[name]


def test_versions(library: Path, opened: ExitStack) -> None:
    file = elf(library, opened)
    new, old = function_offset(file, "new_twice"), function_offset(file, "old_twice")
    assert new != old
    assert function_offset(file, "twice") == new
    assert function_offset(file, "twice@@VERSION_2") == new
    assert function_offset(file, "twice@VERSION_2") == new
    assert function_offset(file, "twice@VERSION_1") == old
    with pytest.raises(UsageError, match="VERSION_3"):
        function_offset(file, "twice@VERSION_3")


def test_versions_of_a_stripped_library(library: Path, directory: Path, opened: ExitStack) -> None:
    stripped = directory / "libstripped.so.1"
    subprocess.run(["strip", "-o", stripped, library], check=True)
    full, bare = elf(library, opened), elf(stripped, opened)
    for name in ("twice", "twice@VERSION_1", "twice@VERSION_2"):
        assert function_offset(bare, name) == function_offset(full, name)
    assert bare.build_id == full.build_id != ""


def test_an_offset_must_start_an_instruction(program: Path, opened: ExitStack) -> None:
    """Checked against what the disassembler of binutils says."""
    if starts_instruction(b"\x90" * 32, 4) is None:
        pytest.skip("BCC is not there, or has LLVM inside itself")
    file = elf(program, opened)
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", "--disassemble=exported_function", program],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    starts = [int(at, 16) for at in re.findall(r"^ +([0-9a-f]+):\t", listing, re.MULTILINE)]
    base = function_offset(file, "exported_function")
    for distance in range(1, starts[-1] - starts[0] + 1):
        if starts[0] + distance in starts:
            assert function_offset(file, "exported_function", distance) == base + distance
        else:
            with pytest.raises(UsageError, match="no instruction starts"):
                function_offset(file, "exported_function", distance)
            with pytest.raises(UsageError, match="no instruction starts"):
                function_offset(file, hex(starts[0] + distance))
    with pytest.raises(UsageError, match="behind the end"):
        function_offset(file, "exported_function", 4096)


def test_a_return_is_of_a_whole_function(program: Path, opened: ExitStack) -> None:
    file = elf(program, opened)
    plain = function_offset(file, "exported_function")
    assert function_offset(file, "exported_function", at_return=True) == plain
    with pytest.raises(UsageError, match="from the start of a function"):
        function_offset(file, "exported_function", 4, at_return=True)


def test_an_address_as_nm_shows_it(program: Path, opened: ExitStack) -> None:
    file = elf(program, opened)
    lines = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    address = next(line.split()[0] for line in lines.splitlines() if "exported_function" in line)
    assert function_offset(file, f"0x{address}") == function_offset(file, "exported_function")
    with pytest.raises(UsageError, match="has no code at"):
        function_offset(file, "0xffffffffffffff")


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("exported_functoin", "no function exported_functoin", "exported_function"),
        ("exported", "no function exported", "exported_function"),
        ("exported_data", "not a function", "name a function"),
        ("printf", "no function printf", ""),
        ("", "no function", ""),
        ("\udcff", "no function", ""),
    ],
)
def test_what_is_no_function(
    directory: Path, opened: ExitStack, name: str, words: str, hint: str
) -> None:
    path = elf_samples.gcc(elf_samples.PROGRAM, directory / "plain")
    with pytest.raises(UsageError, match=words) as caught:
        function_offset(elf(path, opened), name)
    assert hint in caught.value.hint


def test_a_function_picked_at_the_start_is_refused(library: Path, opened: ExitStack) -> None:
    with pytest.raises(UsageError, match="IFUNC"):
        function_offset(elf(library, opened), "picked")


def test_two_of_one_name_are_told_apart_by_address(library: Path, opened: ExitStack) -> None:
    file = elf(library, opened)
    with pytest.raises(UsageError, match="has 2 of first") as caught:
        function_offset(file, "first")
    offsets = {function_offset(file, at) for at in re.findall(r"0x[0-9a-f]+", caught.value.hint)}
    assert len(offsets) == 2


def test_a_variable_of_each_thread_is_refused(linked: RunningProgram) -> None:
    with pytest.raises(UsageError, match="thread-local"):
        symbol_address(linked.pid, "own_data")
    with pytest.raises(UsageError, match="no symbol nothing_at_all"):
        symbol_address(linked.pid, "nothing_at_all")


def test_files_that_are_no_programs(tmp_path: Path, opened: ExitStack) -> None:
    text, empty = tmp_path / "text", tmp_path / "empty"
    text.write_text("#!/bin/sh\n")
    empty.touch()
    part = elf_samples.gcc("int x;", tmp_path / "part.o", "-c")
    for path, words in ((text, "ELF"), (empty, "ELF"), (part, "neither a program")):
        with pytest.raises(UsageError, match=words):
            elf(path, opened)


def test_a_program_of_32_bits_is_refused(directory: Path, opened: ExitStack) -> None:
    path = directory / "narrow"
    header = bytearray(elf_samples.gcc("int main(void) { return 0; }", path).read_bytes())
    header[4] = 1
    path.write_bytes(header)
    with pytest.raises(UsageError):
        elf(path, opened)


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0x3A, b"\0\0", "another size"),  # e_shentsize: every section would be the first
        (0x3C, b"\xff\xff", "ends within a table"),  # e_shnum
        (0x38, b"\xff\xff", "too many segments"),  # e_phnum: the number is in the first section
        (0x28, b"\xff" * 8, "ELF file"),  # e_shoff
    ],
)
def test_a_table_that_claims_too_much_is_refused(
    library: Path, opened: ExitStack, tmp_path: Path, at: int, value: bytes, words: str
) -> None:
    content = bytearray(library.read_bytes())
    sections_at = int.from_bytes(content[0x28:0x30], "little")
    content[at : at + len(value)] = value
    content[sections_at + 0x2C : sections_at + 0x30] = b"\xff" * 4  # sh_info of the first section
    path = tmp_path / "claims"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        elf(path, opened)


def test_a_number_of_sections_that_stands_in_the_first_one_has_a_limit(
    library: Path, opened: ExitStack, tmp_path: Path
) -> None:
    content = bytearray(library.read_bytes())
    sections_at = int.from_bytes(content[0x28:0x30], "little")
    content[0x3C:0x3E] = b"\0\0"
    content[sections_at + 0x20 : sections_at + 0x28] = (1 << 60).to_bytes(8, "little")
    path = tmp_path / "many"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="too many sections"):
        elf(path, opened)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_broken_files_are_refused_in_words(library: Path, data: st.DataObject) -> None:
    content = bytearray(library.read_bytes())
    # headers and tables are hit more often than code
    places = st.one_of(
        st.integers(0, 0x400), st.integers(len(content) - 0x800, len(content) - 1),
        st.integers(0, len(content) - 1),
    )  # fmt: skip
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(places)] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    with os.fdopen(os.memfd_create("broken"), "r+b") as file:
        file.write(content[:cut])
        file.flush()
        with suppress(UsageError):
            broken = ElfFile(file, "broken")
            for name in ("library_function", "twice@VERSION_1", "first", "picked", "no", "0x1100"):
                with suppress(UsageError):
                    assert function_offset(broken, name, 1) >= 0
            assert isinstance(broken.build_id, str)
            for table in broken.tables:
                table.function_at(0x1100)
