"""Where the BPF sources are: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def bpf_directory() -> Path:
    """The folder with ``hash.c`` and its headers."""
    packaged = _PACKAGE / "_bpf"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "bpf"
