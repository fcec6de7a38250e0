"""What lies in files: recordings that somebody else made, programs and maps of a target."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.unit.recordings import record_demo
from twtui.commands.diff import diff
from twtui.commands.export import _lines as json_lines
from twtui.commands.recorded import batches, final_snapshot
from twtui.commands.report import report
from twtui.errors import TwtuiError, UsageError
from twtui.export.chrome import trace
from twtui.export.csv import table
from twtui.export.folded import folded
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.names.perf_map import PerfMap
from twtui.kernel.names.symbols import function_offset
from twtui.kernel.processes.mappings import parse_mappings
from twtui.kernel.processes.target_files import TargetFile
from twtui.model.capture import parse_capture
from twtui.model.plan import SetCapture
from twtui.recording import Recording

from .harness import Harness, changed_bytes, hostile_bytes, hostile_texts
from .runs import show

_directory = Path(tempfile.mkdtemp(prefix="twtui-fuzz-"))


def _sound_recording() -> bytes:
    path = _directory / "sound.twtui"
    commands = {
        10: SetCapture(0, parse_capture("stack")),
        20: SetCapture(0, parse_capture("i64(sp)")),
    }
    record_demo(path, seconds=1.5, rate=40, commands=commands)
    return path.read_bytes()


_RECORDING = _sound_recording()
_ELF = Path("/proc/self/exe").resolve().read_bytes()
_ELF_PATHS = [Path("/usr/bin/true"), Path("/bin/true")]


def _use(path: Path) -> None:
    """Everything that can be done with a recording."""
    with Recording(path) as recording:
        for number in (0, 1, recording.batch_count // 2, recording.batch_count):
            recording.jump(number)
        snapshot = final_snapshot(recording, 100)
        show(snapshot)
        report(recording, as_json=False)
        report(recording, as_json=True)
        diff(("a", "b"), (snapshot, snapshot), as_json=False)
        for _ in table(batches(recording)):
            pass
        for _ in trace(batches(recording), {}):
            pass
        for _ in json_lines(recording, batches(recording), with_readings=True):
            pass
        with suppress(UsageError):
            for _ in folded(batches(recording)):
                pass


def _recording_bytes(data: bytes) -> None:
    path = _directory / "changed.twtui"
    path.write_bytes(data)
    try:
        _use(path)
    finally:
        for left in _directory.glob("changed.twtui*"):
            left.unlink()


def _columns() -> list[tuple[str, str]]:
    with closing(sqlite3.connect(_directory / "sound.twtui")) as database:
        tables = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return [
            (name, row[1])
            for name in tables
            for row in database.execute(f"PRAGMA table_info({name})")
            if not row[5]  # keys of tables without rowid take no NULL
        ]  # fmt: skip


_COLUMNS = _columns()
_cells = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, -1, 1, 2**31, 2**32, 2**63 - 1, -(2**63)]),
    st.floats(allow_nan=False),
    hostile_texts.map(lambda text: text.encode("utf-8", "replace").decode()),
    hostile_bytes,
    st.sampled_from(["{}", "[]", "[[0,1]]", '{"a":1}', "9" * 5000, "[" * 5000]),
)
_meta_keys = st.sampled_from(
    "plan argv host version clock_offset_ns attached_ns with_data delivered_before ended".split()
)
_changes = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(_COLUMNS), _cells, st.integers(1, 40)),
        st.tuples(_meta_keys.map(lambda key: ("meta", key)), _cells, st.just(0)),
    ),
    min_size=1,
    max_size=3,
)


def _recording_cells(changes: list[tuple[tuple[str, str], Any, int]]) -> None:
    path = _directory / "changed.twtui"
    path.write_bytes(_RECORDING)
    try:
        with closing(sqlite3.connect(path)) as database:
            for (name, column), value, modulus in changes:
                with suppress(sqlite3.Error):
                    if not modulus:
                        database.execute("UPDATE meta SET value = ? WHERE key = ?", (value, column))
                    elif name == "events":
                        database.execute(
                            f'UPDATE events SET "{column}" = ? WHERE number % ? = 0',
                            (value, modulus),
                        )
                    else:
                        database.execute(f'UPDATE {name} SET "{column}" = ?', (value,))
            database.commit()
        _use(path)
    finally:
        for left in _directory.glob("changed.twtui*"):
            left.unlink()


def _elf(data: bytes) -> None:
    with os.fdopen(os.memfd_create("fuzz"), "r+b") as file:
        file.write(data)
        file.flush()
        elf = ElfFile(file, "fuzz")
        assert isinstance(elf.build_id, str)
        elf.load_bias(0x1000, 0)
        elf.version_name(2)
        for name in ("main", "_start", "printf@GLIBC_2.2.5", "", "0x1100", "no"):
            with suppress(TwtuiError):
                assert function_offset(elf, name, 1) >= 0
        for one in elf.tables:
            one.function_at(0x1100)


def _small_elf() -> bytes:
    return next((path.read_bytes() for path in _ELF_PATHS if path.exists()), _ELF[: 1 << 16])


_SMALL = _small_elf()
_TABLE = int.from_bytes(_SMALL[0x28:0x30], "little")
"""Where its sections are described."""


@st.composite
def _changed_elf(draw: st.DrawFn) -> bytes:
    content = bytearray(_SMALL)
    # headers and tables are hit more often than code
    places = st.one_of(
        st.integers(0, 0x400), st.integers(min(_TABLE, len(content) - 1), len(content) - 1),
        st.integers(0, len(content) - 1),
    )  # fmt: skip
    for _ in range(draw(st.integers(1, 12))):
        at = draw(places)
        content[at : at + draw(st.sampled_from([1, 1, 4, 8]))] = draw(
            st.sampled_from([b"\x00", b"\xff", b"\x7f", b"\x01", b"\x10\0\0\0", b"\xff" * 8])
        )
    return bytes(content[: draw(st.one_of(st.none(), st.integers(0, len(content))))])


_MAPS = """\
55d0c0a00000-55d0c0a22000 r-xp 00002000 fe:01 1234567 /usr/bin/shop
7f0000000000-7f0000021000 rw-p 00000000 00:00 0
7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0                          [stack]
"""


def _maps(text: str) -> None:
    found = parse_mappings(text)
    for address in (0, 0x7F0000000001, 2**64 - 1):
        if mapping := found.at(address):
            found.module_of(mapping)


class _Map(PerfMap):
    """A map of these bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(1)
        self._data = data

    def _open(self) -> TargetFile:
        file = os.fdopen(os.memfd_create("map"), "w+b")
        file.write(self._data)
        file.flush()
        return TargetFile("map", file, None)


def _perf_map(data: bytes) -> None:
    found = _Map(data)
    found.refresh()
    found.refresh()
    for address in (0, 0x1000, 2**64 - 1):
        found.function_at(address)


FILES: dict[str, Harness] = {
    "recordings, bytes": Harness(changed_bytes(_RECORDING) | hostile_bytes, _recording_bytes, 3, _RECORDING),
    "recordings, cells": Harness(_changes, _recording_cells, 4, []),
    "ELF files": Harness(_changed_elf() | hostile_bytes.map(lambda b: b"\x7fELF\x02\x01" + b), _elf, 3),
    "/proc/PID/maps": Harness(
        st.one_of(
            hostile_texts.map(lambda path: _MAPS + f"1-2 r-xp 0 fe:01 5 {path}\n" + _MAPS),
            changed_bytes(_MAPS.encode()).map(lambda data: data.decode("utf-8", "surrogateescape")),
            hostile_texts,
        ),
        _maps,
        sound=_MAPS,
    ),
    "perf maps": Harness(
        changed_bytes(b"1000 10 main\n0x2000 20 a b\nffffffffffffffff 1 _ZN3foo3barEi\n") | hostile_bytes,
        _perf_map,
        sound=b"1000 10 main\n",
    ),
}  # fmt: skip
