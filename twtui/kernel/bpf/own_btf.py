"""Reads BTF that this process has loaded, through its own descriptors: by its id it takes CAP_SYS_ADMIN."""

from __future__ import annotations

import ctypes as ct
import os
from pathlib import Path

from twtui.kernel.bpf import libbpf

_LINK = "anon_inode:btf"


class _BtfInfo(ct.Structure):
    """``struct bpf_btf_info``."""

    _fields_ = (
        ("btf", ct.c_uint64), ("btf_size", ct.c_uint32), ("id", ct.c_uint32),
        ("name", ct.c_uint64), ("name_len", ct.c_uint32), ("kernel_btf", ct.c_uint32),
    )  # fmt: skip


def read_own_btf(btf_id: int) -> bytes:
    """The bytes of the BTF with this id.

    BPF_BTF_GET_FD_BY_ID asks for CAP_SYS_ADMIN, BPF_OBJ_GET_INFO_BY_FD for nothing
    (kernel/bpf/syscall.c): who has loaded it holds a descriptor.

    Raises:
        OSError: None of our descriptors is it.
    """
    for entry in Path("/proc/self/fd").iterdir():
        try:
            is_btf = os.readlink(entry) == _LINK  # noqa: PTH115 - not a path
        except OSError:  # the descriptor of this very walk, closed since
            continue
        if is_btf:
            info = _info(int(entry.name), _BtfInfo())
            if info.id == btf_id:
                return _bytes(int(entry.name), info.btf_size)
    raise FileNotFoundError(f"BTF {btf_id} is not ours")


def _info(fd: int, info: _BtfInfo) -> _BtfInfo:
    libbpf.info_by_fd(fd, info, "BTF info")
    return info


def _bytes(fd: int, size: int) -> bytes:
    data = ct.create_string_buffer(size)
    _info(fd, _BtfInfo(btf=ct.addressof(data), btf_size=size))
    return data.raw
