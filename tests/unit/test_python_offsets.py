"""Offsets of CPython: tables for 3.11 and 3.12, the interpreter's own from 3.13, all else refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.errors import UnsupportedError
from twtui.kernel.run.python_offsets import (
    TABLES,
    PythonOffsets,
    from_debug_offsets,
    from_version,
    version_text,
)
from twtui.wire.layout import PYTHON_OFFSETS, PYTHON_OFFSETS_FIELDS

COMMON = {
    "thread": "size prev next interp current_frame thread_id native_thread_id datastack_chunk status",
    "object": "size ob_type",
    "type": "size tp_name tp_repr tp_flags",
    "tuple": "size ob_item ob_size",
    "list": "size ob_item ob_size",
    "dict": "size ma_keys ma_values",
    "float": "size ob_fval",
    "long": "size lv_tag ob_digit",
    "bytes": "size ob_size ob_sval",
    "text": "size state length asciiobject_size",
}
GIL = "ceval_gil gil_runtime_state gil_enabled gil_locked gil_holder"
CODE = "size filename name qualname linetable firstlineno argcount names kinds code_adaptive"
MEMBERS = {
    0x030D: {
        "interpreter": f"size id next threads_head gc modules sysdict builtins {GIL}",
        "frame": "size previous executable instr_ptr localsplus owner",
        "code": CODE,
        **COMMON,
    },
    0x030E: {
        "interpreter": f"size id next threads_head threads_main gc modules sysdict builtins {GIL} "
        "code_generation tlbc_generation",
        "frame": "size previous executable instr_ptr localsplus owner stackpointer tlbc_index",
        "code": f"{CODE} co_tlbc",
        **COMMON,
        "set": "size used table mask",
    },
}
"""``struct _Py_DebugOffsets`` of 3.13 (pycore_runtime.h) and of 3.14 (pycore_debug_offsets.h)."""
ORDER = (
    "interpreter thread frame code object type tuple list set dict float long bytes text".split()
)
TELLING = {
    "interpreter.next": 1001, "interpreter.threads_head": 1002, "thread.next": 8,
    "thread.native_thread_id": 160, "thread.current_frame": 72, "frame.executable": 3,
    "frame.previous": 9, "frame.owner": 70, "code.qualname": 128, "code.filename": 112,
    "code.firstlineno": 68, "text.length": 16, "text.state": 32, "text.asciiobject_size": 40,
}  # fmt: skip


@dataclass
class Runtime:
    """The start of a ``_PyRuntime`` whose members that do not matter are all 4242."""

    version: int
    free_threaded: int = 0
    values: dict[str, int] = field(default_factory=lambda: dict(TELLING))

    def read(self, start: int, size: int) -> bytes:
        words = [self.free_threaded, 4242, 4242, 632]
        members = MEMBERS.get(self.version >> 16, MEMBERS[0x030E])
        for group in ORDER:
            for name in members.get(group, "").split():
                words.append(self.values.get(f"{group}.{name}", 4242))
        head = b"xdebugpy" + struct.pack("<Q", self.version)
        data = head + struct.pack(f"<{len(words)}Q", *words)
        return data[start : start + size]


def test_the_fields_are_those_of_the_wire() -> None:
    assert list(PythonOffsets._fields) == PYTHON_OFFSETS_FIELDS
    for table in TABLES.values():
        assert len(PYTHON_OFFSETS.pack(*table)) == PYTHON_OFFSETS.size


@pytest.mark.parametrize("version", [0x030D00F0, 0x030D05F0, 0x030E00C1, 0x030E0AF0])
def test_a_new_interpreter_tells_its_own(version: int) -> None:
    assert from_debug_offsets(Runtime(version).read) == PythonOffsets(
        interpreters_head=632, next_interpreter=1001, threads_head=1002,
        next_thread=8, native_thread_id=160, thread_holder=0, current_frame=72,
        frame_code=3, frame_previous=9, frame_owner=70,
        code_function=128, code_file=112, code_line=68,
        text_length=16, text_state=32, text_ascii=40, text_wide=56,
    )  # fmt: skip


@pytest.mark.parametrize("version", [0x030B00F0, 0x030B02F0, 0x030B0EF0])
def test_3_11_has_a_table(version: int) -> None:
    assert from_version(version) is TABLES[3, 11]


@pytest.mark.parametrize("version", [0x030A0DF0, 0x030C00B4, 0x030B00A7, 0x030D00F0, 0x020712F0, 0])
def test_a_version_without_a_table_is_refused(version: int) -> None:
    with pytest.raises(UnsupportedError, match="is not supported") as caught:
        from_version(version)
    assert "3.11, 3.12, 3.13 and 3.14" in caught.value.hint


@pytest.mark.parametrize("version", [0x030F00F0, 0x030E00B2, 0x030D00A1, 0x040000F0])
def test_a_version_whose_own_table_is_not_known_is_refused(version: int) -> None:
    with pytest.raises(UnsupportedError, match="is not supported"):
        from_debug_offsets(Runtime(version).read)


def test_a_free_threaded_build_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match=r"3\.14\.2 is a free-threaded build"):
        from_debug_offsets(Runtime(0x030E02F0, free_threaded=1).read)


@pytest.mark.parametrize("name", TELLING)
def test_an_offset_out_of_reach_is_refused(name: str) -> None:
    runtime = Runtime(0x030E00F0, values=TELLING | {name: 1 << 40})
    with pytest.raises(UnsupportedError, match="does not say where"):
        from_debug_offsets(runtime.read)


@given(st.binary(min_size=1000, max_size=1000), st.sampled_from([0x030D00F0, 0x030E00F0, None]))
def test_garbage_is_refused_or_fits_the_wire(data: bytes, version: int | None) -> None:
    if version is not None:
        data = data[:8] + struct.pack("<QQ", version, 0) + data[24:]
    try:
        found = from_debug_offsets(lambda start, size: data[start : start + size])
    except UnsupportedError:
        return
    PYTHON_OFFSETS.pack(*found)


@pytest.mark.parametrize(
    ("version", "text"),
    [(0x030B02F0, "3.11.2"), (0x030E00C1, "3.14.0rc1"), (0x030D00A6, "3.13.0a6"), (0, "0.0.0")],
)
def test_versions_as_people_write_them(version: int, text: str) -> None:
    assert version_text(version) == text
