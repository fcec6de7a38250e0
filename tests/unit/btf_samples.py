"""BTF of kernels that are made up: real BTF, with the kfuncs and enums that a test asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from twtui.kernel.bpf.btf import KernelBtf
from twtui.kernel.doctor.btf_writer import BtfWriter

OTHERS = {
    "bpf_copy_from_user_str": 4,
    "bpf_task_from_pid": 1,
    "bpf_task_release": 1,
    "bpf_preempt_disable": 0,
    "bpf_preempt_enable": 0,
}
RESUME, SIGNAL = "bpf_task_work_schedule_resume", "bpf_task_work_schedule_signal"
IMPL = {f"{RESUME}_impl": 5, f"{SIGNAL}_impl": 5}
PLAIN = {RESUME: 4, SIGNAL: 4}


def kernel(
    functions: Mapping[str, int],
    untagged: Collection[str] = (),
    enums: Mapping[str, Sequence[tuple[str, int]]] | None = None,
) -> KernelBtf:
    """A kernel with functions of so many parameters; all but some are tagged as kfuncs."""
    types = BtfWriter()
    number = types.integer("int", 4, signed=True)
    for name, count in functions.items():
        parameters = [(f"parameter{at}", number) for at in range(count)]
        function = types.function(name, number, parameters)
        if name not in untagged:
            types.tag("bpf_kfunc", function)
    for name, values in (enums or {}).items():
        types.enumeration(name, values)
    return KernelBtf(types.data())
