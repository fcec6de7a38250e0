"""Whether a live run seems possible here, in a few milliseconds, so that the first screen need not wait.

It says yes or no, never why: the doctor finds the words, and the kernel process the truth.
"""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path

_KERNEL_TYPES = Path("/sys/kernel/btf/vmlinux")
_MACHINES = ("x86_64", "aarch64")
_NAMES = (b"\0bpf_task_work_schedule_resume\0", b"\0bpf_task_work_schedule_resume_impl\0")
"""A kernel with task work has one of them among the names of its types."""


def seems_able(kernel_types: Path = _KERNEL_TYPES) -> bool:
    """No obstacle is in sight: kernel, BCC and machine look right. Rights are another matter."""
    try:
        return (
            platform.machine() in _MACHINES
            and find_spec("bcc") is not None
            and _has_task_work(kernel_types)
        )
    except (OSError, ValueError):
        return False


def _has_task_work(kernel_types: Path) -> bool:
    names = kernel_types.read_bytes()
    return any(name in names for name in _NAMES)
