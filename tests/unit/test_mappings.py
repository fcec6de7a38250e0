"""The text of /proc/PID/maps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from twtui.errors import NoSuchTargetError
from twtui.kernel.processes.mappings import parse_mappings, read_mappings

TEXT = """\
555555554000-555555555000 r--p 00000000 fe:00 1001                       /usr/bin/some program
555555555000-555555556000 r-xp 00001000 fe:00 1001                       /usr/bin/some program
555555556000-555555557000 rw-p 00002000 fe:00 1001                       /usr/bin/some program
7ffff7c00000-7ffff7d00000 r-xs 00020000 00:2a 7                          /lib/gone.so.1 (deleted)
7ffff7d00000-7ffff7e00000 r-xp 00000000 00:2a 8                          /lib/odd\\012name.so
7ffff7fc0000-7ffff7fc2000 r-xp 00000000 00:00 0
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""


def test_every_field_of_a_line() -> None:
    mappings = parse_mappings(TEXT).mappings
    assert len(mappings) == 8
    code, gone = mappings[1], mappings[3]
    assert (code.start, code.end, code.offset) == (0x555555555000, 0x555555556000, 0x1000)
    assert (code.permissions, code.device, code.inode) == ("r-xp", (0xFE, 0), 1001)
    assert (code.path, code.deleted, code.is_executable) == ("/usr/bin/some program", False, True)
    assert (gone.path, gone.deleted) == ("/lib/gone.so.1", True)
    assert mappings[4].path == "/lib/odd\nname.so"
    assert mappings[5].path == ""
    assert code.range_name == "555555555000-555555556000"


def test_modules_are_files_with_code() -> None:
    modules = parse_mappings(TEXT).modules
    assert [module.name for module in modules] == ["some program", "gone.so.1", "odd\nname.so"]
    assert len(modules[0].code) == 1


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (0x555555553FFF, None),
        (0x555555554000, "/usr/bin/some program"),
        (0x555555556FFF, "/usr/bin/some program"),
        (0x555555557000, None),
        (0x7FFFFFFFEFFF, "[stack]"),
        (0, None),
        (2**64 - 1, None),
    ],
)
def test_the_mapping_of_an_address(address: int, path: str | None) -> None:
    found = parse_mappings(TEXT).at(address)
    assert (found.path if found else None) == path


def test_data_belongs_to_its_module() -> None:
    mappings = parse_mappings(TEXT)
    assert mappings.module_of(mappings.mappings[2]) == mappings.modules[0]
    assert mappings.module_of(mappings.mappings[6]) is None


def test_lines_cut_short_are_left_out() -> None:
    assert parse_mappings("\n5555-6666 r--p\n").mappings == ()


def test_this_process() -> None:
    executable = str(Path("/proc/self/exe").readlink())
    assert executable in {module.path for module in read_mappings(os.getpid()).modules}


def test_no_process() -> None:
    with pytest.raises(NoSuchTargetError, match="999999999"):
        read_mappings(999999999)
