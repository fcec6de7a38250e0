"""Which program types may schedule on the running kernel: every answer that there is, and how it comes about."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nobody import needs_readable_python
from skips import is_justified, reason_of_the_doctor

from twtui.backend.live import LiveBackend
from twtui.kernel.bpf.btf import SCHEDULE, kernel_btf
from twtui.kernel.bpf.libbpf import VerifierError
from twtui.kernel.doctor import program_trials
from twtui.kernel.doctor.program_trials import run_trials
from twtui.kernel.doctor.program_types import PROGRAM_TYPES, ProgramType, load_forms
from twtui.kernel.doctor.smallest_programs import WorkMap, assemble, leave, move, schedules

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


def test_what_is_unavailable_is_so_for_the_emptiest_program_too(work_map: WorkMap) -> None:
    """Neither task work nor anything else of ours is then the reason."""
    missing = {trial["type"] for trial in run_trials() if trial["answer"] == "unavailable"}
    empty = assemble([move(0, 0), leave()], [], work_map)
    for one in PROGRAM_TYPES:
        for form in load_forms(kernel_btf(), one) if one.name in missing else ():
            refusal = program_trials._refusal(one, form, empty, work_map)
            assert refusal is not None, (one.name, form)
            assert not refusal.log.strip(), refusal.log


def test_what_the_verifier_refuses_is_rejected_in_its_words(work_map: WorkMap) -> None:
    btf = kernel_btf()
    wrong = {"bpf_task_release": schedules(work_map, btf.function_id("bpf_task_release"))}
    (xdp,) = [one for one in PROGRAM_TYPES if one.name == "XDP"]
    (trial,) = program_trials._try(btf, xdp, work_map, wrong)
    assert trial.answer == "rejected"
    assert re.search("release|refer|arg", trial.detail)
    assert len(trial.detail) <= 200


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EPERM])
def test_what_is_refused_without_the_verifiers_words_is_unknown(
    work_map: WorkMap, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # the type takes a program, and then not the one with the kfunc
    refusals = iter([None, VerifierError(number, "\n")])
    monkeypatch.setattr(program_trials, "_refusal", lambda *_: next(refusals))
    (xdp,) = [one for one in PROGRAM_TYPES if one.name == "XDP"]
    kfunc = {SCHEDULE[0]: schedules(work_map, 1)}
    (trial,) = program_trials._try(kernel_btf(), xdp, work_map, kfunc)
    assert (trial.answer, trial.detail) == ("unknown", os.strerror(number))


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


@pytest.mark.parametrize(
    ("active", "idle"),
    [("lockdown,capability,landlock,bpf\n", False), ("lockdown,capability,landlock\n", True)],
)
def test_a_security_module_that_is_not_active_never_runs(
    tmp_path: Path, active: str, idle: bool
) -> None:
    lsm, xdp = (one for one in PROGRAM_TYPES if one.name in ("LSM", "XDP"))
    (tmp_path / "lsm").write_text(active)
    assert bool(program_trials._idle(lsm, tmp_path / "lsm")) is idle
    assert program_trials._idle(lsm, tmp_path / "not mounted") == ""
    assert program_trials._idle(xdp, tmp_path / "lsm") == ""


@pytest.mark.parametrize(
    ("answer", "detail", "skipped"),
    [
        ("accepted", "at here", False),
        ("accepted", "at there; not at here: nobody may", True),
        ("accepted", "at here; it never runs: boot with bpf among lsm=", True),
        ("accepted", "at here; not at there: nobody may", False),
        ("unavailable", "this kernel was built without it", True),
        ("rejected", "R2 doesn't point to a map value", False),
        ("unknown", "this user may not load BPF programs", False),
    ],
)
def test_a_test_of_a_type_is_skipped_in_the_doctors_words_only(
    answer: str, detail: str, skipped: bool
) -> None:
    trial = {"type": "LSM", "kfunc": SCHEDULE[0], "answer": answer, "detail": detail}
    reason = reason_of_the_doctor(
        [{**trial, "type": "XDP", "answer": "accepted"}, trial], "LSM", "here"
    )
    assert bool(reason) is skipped
    assert is_justified(reason) is skipped


def test_who_may_not_load_programs_learns_that_and_nothing_else() -> None:
    needs_readable_python()
    asked = "import json; from twtui.kernel.doctor.program_trials import run_trials; "
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
