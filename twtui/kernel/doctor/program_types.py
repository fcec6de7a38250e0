"""The program types that may schedule task work, and what the kernel wants to know when one is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import KernelBtf


@dataclass(frozen=True, slots=True)
class ProgramType:
    """A type by its name in ``enum bpf_prog_type``, and how the least program of it is loaded."""

    name: str
    forms: tuple[tuple[str, str], ...] = (("", ""),)
    """What the kernel asks for, best first: the name in ``enum bpf_attach_type``, and the hook.

    A hook is a function, the type of a tracepoint (``btf_trace_…``) or STRUCT.MEMBER of operations.
    """
    flags: int = 0
    """``BPF_F_…``."""


@dataclass(frozen=True, slots=True)
class LoadForm:
    """The numbers with which the running kernel loads a type."""

    number: int
    attach: tuple[int, int]
    hook: str
    """What it attaches to; empty where that is of no concern."""


PROGRAM_TYPES = (
    ProgramType("CGROUP_DEVICE", (("CGROUP_DEVICE", ""),)),
    ProgramType("CGROUP_SKB", (("CGROUP_INET_EGRESS", ""),)),
    ProgramType("CGROUP_SOCK", (("CGROUP_INET_SOCK_CREATE", ""),)),
    ProgramType("CGROUP_SOCKOPT", (("CGROUP_SETSOCKOPT", ""),)),
    ProgramType("CGROUP_SOCK_ADDR", (("CGROUP_INET4_CONNECT", ""),)),
    ProgramType("CGROUP_SYSCTL", (("CGROUP_SYSCTL", ""),)),
    ProgramType("KPROBE"),
    ProgramType("LSM", (("LSM_MAC", "bpf_lsm_file_open"),)),
    ProgramType("LWT_IN"),
    ProgramType("LWT_OUT"),
    ProgramType("LWT_SEG6LOCAL"),
    ProgramType("LWT_XMIT"),
    ProgramType("NETFILTER", (("NETFILTER", ""),)),
    ProgramType("PERF_EVENT"),
    ProgramType("RAW_TRACEPOINT"),
    ProgramType("SCHED_ACT"),
    ProgramType("SCHED_CLS"),
    ProgramType("SK_SKB", (("SK_SKB_STREAM_VERDICT", ""),)),
    ProgramType("SOCKET_FILTER"),
    ProgramType("SOCK_OPS", (("CGROUP_SOCK_OPS", ""),)),
    # the operations of a kernel test offer no helper by which a program finds a task
    ProgramType("STRUCT_OPS", (("", "tcp_congestion_ops.init"), ("", "bpf_dummy_ops.test_1"))),
    ProgramType("SYSCALL", flags=libbpf.F_SLEEPABLE),
    ProgramType("TRACEPOINT"),
    # fentry on a function that is there for tests of such programs; a locked down kernel may refuse
    ProgramType(
        "TRACING",
        (("TRACE_FENTRY", "bpf_fentry_test1"), ("TRACE_RAW_TP", "btf_trace_sched_switch")),
    ),
    ProgramType("XDP", (("XDP", ""),)),
)
"""Those that the documentation of the kfuncs lists, and the two that twtui itself needs beside them."""


def load_forms(btf: KernelBtf, one: ProgramType) -> Iterator[LoadForm]:
    """How the running kernel may load a type, best first; nothing where it does not know it.

    Numbers and ids come from its BTF. A member of a struct of operations is named by the id of the
    struct and, in place of the attach type, the member's index (kernel/bpf/verifier.c).
    """
    number = btf.enumerator("bpf_prog_type", f"BPF_PROG_TYPE_{one.name}")
    for attach_name, hook in one.forms if number is not None else ():
        attach = btf.enumerator("bpf_attach_type", f"BPF_{attach_name}") if attach_name else 0
        target = 0
        if "." in hook:
            target, attach = btf.struct_member(*hook.split(".")) or (0, None)
        elif hook:
            target = btf.typedef_id(hook) or btf.function_id(hook)
        if attach is not None and (target or not hook):
            yield LoadForm(number or 0, (attach, target), hook)
