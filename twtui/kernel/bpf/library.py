"""Loads libbpf, which comes with BCC. Where it is missing, whatever calls it is told so, and the rest works."""

from __future__ import annotations

import ctypes as ct
from typing import Any

from twtui.errors import UnsupportedError
from twtui.kernel.bpf.toolchain import INSTALL_HINT

_NAME = "libbpf.so.1"
_quiet = ct.CFUNCTYPE(ct.c_int, ct.c_int, ct.c_char_p, ct.c_void_p)(lambda *_: 0)


class MissingLibraryError(UnsupportedError):
    """There is no libbpf."""


class _Missing:
    """In the place of the library and of every function in it."""

    restype: Any = None
    argtypes: Any = None

    def __init__(self, why: str) -> None:
        self._why = why

    def __getattr__(self, _name: str) -> _Missing:
        return _Missing(self._why)

    def __call__(self, *_: Any) -> Any:
        raise MissingLibraryError(f"there is no libbpf: {self._why}", INSTALL_HINT)


def load_libbpf(name: str = _NAME) -> Any:
    """The library; calls of its functions raise MissingLibraryError where it is not there."""
    try:
        library = ct.CDLL(name, use_errno=True)
    except OSError as error:
        return _Missing(str(error))
    library.libbpf_set_print(_quiet)  # it writes on fd 2, where a screen may be
    return library
