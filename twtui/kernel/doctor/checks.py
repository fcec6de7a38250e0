"""The doctor's questions: what works on this machine, and what to do where it does not."""

from __future__ import annotations

from typing import Any

from twtui.kernel.doctor import event_checks, kernel_checks, rights_checks, setting_checks
from twtui.kernel.doctor.check import Question, ask
from twtui.kernel.doctor.toolchain_checks import Toolchain


def questions() -> dict[str, tuple[Question, ...]]:
    """Every question under its heading, in the order in which to fix things."""
    toolchain = Toolchain()
    return {
        "Kernel": (
            Question("kernel", "task work, which came with Linux 6.18", kernel_checks.release),
            Question(
                "architecture",
                "arguments and stacks, found in the registers of the processor",
                kernel_checks.architecture,
                required=True,
            ),
            Question(
                "BTF",
                "programs that are linked with the kernel's types and functions",
                kernel_checks.types,
                required=True,
            ),
            Question(
                "task work kfuncs",
                "callbacks left with a task, and reads in them",
                kernel_checks.kfuncs,
                required=True,
            ),
            Question(
                "helpers",
                "what else the programs call: maps, clocks, reads at the trigger, the ring buffer",
                kernel_checks.helpers,
                required=True,
            ),
            Question(
                "free of known bugs",
                "callbacks that run when and where they should",
                kernel_checks.bugs,
            ),
        ),
        "Compiler": (
            Question("BCC", "compiling the programs", toolchain.bcc, required=True),
            Question("LLVM", "compiling the programs, inside BCC", toolchain.llvm),
            Question("compile", "programs made for this kernel", toolchain.compile, required=True),
            Question(
                "programs",
                "the proof: what was compiled is linked, and the verifier takes it",
                toolchain.load,
                required=True,
            ),
        ),
        "Rights": (
            Question(
                "privileges",
                "loading programs, and reading what belongs to others",
                rights_checks.privileges,
                required=True,
            ),
            Question(
                "lockdown",
                "reading memory at all, which a locked down kernel refuses to root as well",
                rights_checks.lockdown,
            ),
            Question("memlock", "maps as large as they are asked for", rights_checks.memlock),
        ),
        "Settings": (
            Question("perf_event_paranoid", "samples", setting_checks.perf_event_paranoid),
            Question(
                "unprivileged_bpf_disabled",
                "keeping other users from loading programs",
                setting_checks.unprivileged_bpf_disabled,
            ),
            Question(
                "kptr_restrict",
                "names of the kernel's functions in stacks",
                setting_checks.kptr_restrict,
            ),
            Question(
                "bpf_stats_enabled",
                "seeing what the programs cost",
                setting_checks.bpf_stats_enabled,
            ),
        ),
        "Events": (
            Question("tracefs", "triggers at system calls and tracepoints", event_checks.tracefs),
            Question(
                "hardware counters",
                "sample:cycles and sample:instructions",
                event_checks.hardware_counters,
            ),
        ),
    }


def run_checks() -> list[dict[str, Any]]:
    """Every answer, in the order of ``questions``; the fields are those of ``check.ask``."""
    return [ask(group, question) for group, asked in questions().items() for question in asked]
