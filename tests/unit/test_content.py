"""What an event brought, as text: the frames of stacks in the order in which they were called."""

from __future__ import annotations

import struct

from twtui.commands import plain
from twtui.model.capture import Read
from twtui.model.content import frames_of, function_of, functions_of, stack_text
from twtui.model.snapshot import BackendInfo

from .support import event

USER, CALLER, KERNEL, ENTRY = 0x5000, 0x5100, 0xFFFF_FFFF_8100_0000, 0xFFFF_FFFF_8100_0100
NAMES = {
    (4242, USER): "work+0x10 (program)",
    (0, KERNEL): "do_work+0x4 (kernel)",
    (0, ENTRY): "entry+0x8 (kernel)",
}
STACK = event(data=struct.pack("<4Q", USER, CALLER, KERNEL, ENTRY))


def test_the_kernel_was_called_last() -> None:
    assert frames_of(STACK, Read.STACK, NAMES) == (
        "do_work+0x4 (kernel)", "entry+0x8 (kernel)", "work+0x10 (program)", "0x5100",
    )  # fmt: skip
    newest = ("0xffffffff81000000", "0xffffffff81000100", "0x5000", "0x5100")
    assert functions_of(STACK.data, Read.STACK) == newest


def test_the_function_is_that_of_the_program() -> None:
    assert function_of(STACK, Read.STACK, NAMES) == "work"


def test_other_reads_have_no_frames() -> None:
    assert frames_of(STACK, Read.BYTES, NAMES) == ()
    assert stack_text(STACK, Read.BYTES, NAMES) is None
    assert function_of(STACK, Read.BYTES, NAMES) == ""


def test_a_line_of_text_has_the_names_of_a_stack_made_harmless() -> None:
    names = {**NAMES, (4242, CALLER): "ma\x1b[31min (program)"}
    line = plain.event_line(STACK, {0: ("sample", "stack")}, BackendInfo("test"), names=names)
    assert line.endswith(
        " do_work+0x4 (kernel) < entry+0x8 (kernel) < work+0x10 (program) < ma\\x1b[31min (program)"
    )
    without = plain.event_line(STACK, {0: ("sample", "stack")}, BackendInfo("test"), False, names)
    assert without.endswith(" 32 bytes")
