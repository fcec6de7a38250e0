"""What a compiled module depends on, as one key: change any of it and the key is another.

The machine code holds no number of the running kernel but those in the compiler's flags; kfuncs
and maps are linked at every start. The key has the kernel all the same: BCC looks at it too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from twtui import __version__
from twtui.kernel.bpf.toolchain import toolchain_id
from twtui.kernel.compiling.compile_jobs import CompileJob
from twtui.kernel.compiling.source import bpf_directory

_MAKERS = ("compiler.py", "compile_jobs.py", "compiled_form.py", "linker.py")
"""The modules of ours that decide what is taken from BCC."""


def cache_keys(jobs: Sequence[CompileJob], kernel_types: str) -> list[str]:
    """A key for each job: SHA-256, hexadecimal.

    Args:
        jobs: To be compiled, or compiled before.
        kernel_types: What identifies the kernel's BTF (``KernelBtf.digest``).

    Raises:
        UnsupportedError: BCC is not there.
        OSError: A source cannot be read.
    """
    here = Path(__file__).parent
    # a source that is not used costs a compile too many; one that is forgotten, a wrong program
    sources = sorted(path for path in bpf_directory().rglob("*") if path.is_file())
    common = [
        __version__,
        list(os.uname())[2:],  # release, version, machine; not the name of the host
        kernel_types,
        toolchain_id(),
        [[str(path.relative_to(bpf_directory())), _digest(path)] for path in sources],
        [_digest(here / name) for name in _MAKERS],
    ]
    return [_key(common, job) for job in jobs]


def _key(common: Sequence[object], job: CompileJob) -> str:
    own = [str(job.map_kind), job.defines, job.programs]
    extra = [[path.name, _digest(path)] for path in job.sources]
    return hashlib.sha256(json.dumps([common, own, extra]).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
