"""Which program types may schedule on the running kernel: every answer that there is, and how it comes about."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.backend.live import LiveBackend
from twtui.kernel import program_trials
from twtui.kernel.btf import SCHEDULE, kernel_btf
from twtui.kernel.program_trials import run_trials
from twtui.kernel.program_types import PROGRAM_TYPES, ProgramType
from twtui.kernel.smallest_programs import WorkMap, schedules

DOCUMENTED = """
    CGROUP_DEVICE CGROUP_SKB CGROUP_SOCK CGROUP_SOCKOPT CGROUP_SOCK_ADDR CGROUP_SYSCTL LSM LWT_IN
    LWT_OUT LWT_SEG6LOCAL LWT_XMIT NETFILTER PERF_EVENT SCHED_ACT SCHED_CLS SK_SKB SOCKET_FILTER
    SOCK_OPS STRUCT_OPS SYSCALL TRACEPOINT TRACING XDP
"""
NEEDED = {"PERF_EVENT", "TRACEPOINT", "KPROBE", "RAW_TRACEPOINT", "SYSCALL"}


@pytest.fixture
def work_map() -> Iterator[WorkMap]:
    made = WorkMap()
    yield made
    made.close()


def test_every_documented_type_is_tried_with_both_kfuncs() -> None:
    found = LiveBackend().programs()
    names = {*DOCUMENTED.split(), "KPROBE", "RAW_TRACEPOINT"}
    assert {(trial["type"], trial["kfunc"]) for trial in found} == {
        (name, kfunc) for name in names for kfunc in SCHEDULE
    }
    answers = {(trial["type"], trial["answer"]) for trial in found}
    assert {(name, "accepted") for name in NEEDED} <= answers
    # the kfuncs are for every type, so that a refusal would be of how we load the program
    assert not [trial for trial in found if trial["answer"] in ("rejected", "unknown")]
    assert all(trial["detail"] for trial in found if trial["answer"] != "accepted")


def test_what_the_verifier_refuses_is_rejected_in_its_words(work_map: WorkMap) -> None:
    btf = kernel_btf()
    wrong = {"bpf_task_release": schedules(work_map, btf.function_id("bpf_task_release"))}
    (xdp,) = [one for one in PROGRAM_TYPES if one.name == "XDP"]
    (trial,) = program_trials._try(btf, xdp, work_map, wrong)
    assert trial.answer == "rejected"
    assert "bpf_task_release" in trial.detail or "refer" in trial.detail or "arg" in trial.detail
    assert len(trial.detail) <= 200


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (ProgramType("NEVER_HEARD_OF"), "no such type"),
        (ProgramType("LSM", (("LSM_MAC", "bpf_lsm_never_heard_of"),)), "no such type"),
        (ProgramType("STRUCT_OPS", (("", "tcp_congestion_ops.never"),)), "no such type"),
        # its number is of no type that the verifier has operations for
        (ProgramType("UNSPEC"), "without it"),
    ],
)
def test_what_the_kernel_lacks_is_unavailable(
    one: ProgramType, words: str, work_map: WorkMap
) -> None:
    btf = kernel_btf()
    program = {"resume": schedules(work_map, 1)}
    (trial,) = program_trials._try(btf, one, work_map, program)
    assert (trial.answer, words in trial.detail) == ("unavailable", True), trial


def test_who_may_not_load_programs_learns_that_and_nothing_else() -> None:
    asked = "import json; from twtui.kernel.program_trials import run_trials; "
    asked += "print(json.dumps(run_trials()))"
    ran = subprocess.run(
        [sys.executable, "-c", asked], user=65534, group=65534, extra_groups=[],
        capture_output=True, check=True, cwd="/",
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert len(found) == 2 * len(PROGRAM_TYPES)
    assert {(trial["answer"], trial["detail"]) for trial in found} == {
        ("unknown", "this user may not load BPF programs")
    }


def test_nothing_is_left_behind() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    run_trials()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
