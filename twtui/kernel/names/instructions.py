"""Says whether an instruction starts at an offset: a breakpoint inside one destroys the target's code."""

from __future__ import annotations

import ctypes as ct
import platform
from functools import cache
from pathlib import Path
from typing import Any

from twtui.errors import TwtuiError
from twtui.kernel.compiling.compiler import import_bcc
from twtui.kernel.processes.mappings import parse_mappings

_TRIPLE = b"x86_64-linux-gnu"
LONGEST_INSTRUCTION = 15
"""Bytes, on x86-64."""


@cache
def _disassembler() -> tuple[Any, Any] | None:
    """LLVM's, which BCC has brought into this process; None where BCC holds it inside itself."""
    try:
        import_bcc()
        mappings = parse_mappings(Path("/proc/self/maps").read_text(errors="surrogateescape"))
        (path,) = {m.path for m in mappings.modules if m.name.startswith("libLLVM")}
        llvm = ct.CDLL(path)
        for part in ("TargetInfo", "TargetMC", "Disassembler"):
            getattr(llvm, f"LLVMInitializeX86{part}")()
        create, decode = llvm.LLVMCreateDisasm, llvm.LLVMDisasmInstruction
    except (TwtuiError, OSError, ValueError, AttributeError):
        return None
    create.restype = ct.c_void_p
    create.argtypes = [ct.c_char_p, ct.c_void_p, ct.c_int, ct.c_void_p, ct.c_void_p]
    decode.restype = ct.c_size_t
    decode.argtypes = [
        ct.c_void_p, ct.c_char_p, ct.c_uint64, ct.c_uint64, ct.c_char_p, ct.c_size_t,
    ]  # fmt: skip
    context = create(_TRIPLE, None, 0, None, None)
    return (decode, context) if context else None


def starts_instruction(code: bytes, offset: int) -> bool | None:
    """Whether an instruction starts ``offset`` bytes behind the start of a function.

    Args:
        code: The function from its start, with ``LONGEST_INSTRUCTION`` bytes behind ``offset``.
        offset: Bytes.

    Returns:
        None where this machine has no means to tell.
    """
    if platform.machine() == "aarch64":
        return offset % 4 == 0
    found = _disassembler()
    if found is None:
        return None
    decode, context = found
    at, text = 0, ct.create_string_buffer(128)
    while at < offset:
        piece = code[at : at + LONGEST_INSTRUCTION]
        size = decode(context, piece, len(piece), at, text, len(text))
        if not size:
            return False
        at += size
    return at == offset
