"""Programs of every type that can be made to fire here: each schedules, and each callback reads its process.

Where a program runs on behalf of whoever is there (a frame that arrives in a softirq), it schedules
on a process of the test's own, found by its PID; everywhere else on what runs, if that is ours.
Left out: SK_SKB and STRUCT_OPS, which are only loaded (test_program_trials.py), as they need a
socket map and a congestion control, and KPROBE in the kernel, where a uprobe stands for the type.
"""

from __future__ import annotations

import ctypes as ct
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from kernel_harness import TargetProcess, wait_until
from programs_harness import (
    Firing,
    attach_where_loaded,
    form_of,
    forms_of,
    in_network_of,
    link_program,
    run_on_packet,
    run_tracing,
)
from skips import skip_where_the_doctor_says_so

from twtui.kernel.bpf import libbpf
from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.doctor.program_types import ProgramType, load_forms
from twtui.kernel.run.triggers import Attachments
from twtui.model.enums import Mode
from twtui.model.trigger import parse_trigger

TEXT = b"read in a callback"
FIRINGS = 5
_ATTACH_FILTER = 50  # SO_ATTACH_BPF
_ACTOR = Path(__file__).parent / "targets" / "actor.py"

pytestmark = pytest.mark.parametrize("mode", list(Mode))
StartProgram = Callable[..., TargetProcess]


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def here(held: ExitStack, mode: Mode) -> Firing:
    """Programs that schedule on this process and read a text of its memory."""
    text = ct.create_string_buffer(TEXT)
    held.callback(lambda: text)  # which keeps it until the programs have gone
    return Firing(held, os.getpid(), ct.addressof(text), mode)


@pytest.fixture
def spinning(start_target: Callable[..., TargetProcess]) -> TargetProcess:
    return start_target("spin", 1, text=TEXT.decode())


@pytest.fixture
def own_cgroup(held: ExitStack, tmp_path: Path) -> Iterator[Path]:
    """An empty cgroup; what is put there ends with it."""
    place = _unified_cgroups(held, tmp_path) / f"twtui-test-{os.getpid()}"
    place.mkdir()
    yield place
    (place / "cgroup.kill").write_text("1")
    wait_until(lambda: "populated 0" in (place / "cgroup.events").read_text())
    place.rmdir()


def _unified_cgroups(held: ExitStack, tmp_path: Path) -> Path:
    """Where the machine has them, or else mounted for the test."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    held.callback(lambda: subprocess.run(["umount", tmp_path], check=True))
    return tmp_path


@pytest.fixture
def start_actor(own_cgroup: Path, start_program: StartProgram) -> StartProgram:
    """Starts an actor in a network and a cgroup of its own; the network ends with it."""

    def start(*actions: str) -> TargetProcess:
        unshare, *arguments = "/usr/bin/unshare", "--net", sys.executable, _ACTOR, *actions
        actor = start_program(Path(unshare), *arguments, text=TEXT.decode())
        (own_cgroup / "cgroup.procs").write_text(str(actor.pid))
        return actor

    return start


def check(firing: Firing, firings: int = FIRINGS) -> None:
    """Every firing is accounted for, and every callback read the right process."""
    counts = firing.settled(firings)
    assert counts.fired == counts.scheduled + counts.busy + counts.refused
    assert counts.refused == 0
    assert counts.scheduled == counts.completed == counts.read
    assert (counts.elsewhere, counts.text) == (0, TEXT)


def act(actor: TargetProcess) -> None:
    for _ in range(FIRINGS):
        actor.tell()
        actor.wait_done()


def test_perf_event(held: ExitStack, spinning: TargetProcess, mode: Mode) -> None:
    firing = Firing(held, spinning.pid, spinning.address, mode)
    program = firing.load("current_0", form_of("PERF_EVENT"))
    with attached(program, "sample"):
        firing.settled(FIRINGS)
    check(firing)


@pytest.mark.parametrize(
    ("name", "trigger"),
    [("TRACEPOINT", "syscall:getppid:exit"), ("KPROBE", "uprobe:libc:getppid")],
)
def test_tracepoint_and_uprobe(here: Firing, name: str, trigger: str) -> None:
    program = here.load("current_0", form_of(name))
    with attached(program, trigger):
        for _ in range(FIRINGS):
            os.getppid()
    check(here)
    assert here.counts.fired == FIRINGS


@contextmanager
def attached(program: int, trigger: str) -> Iterator[None]:
    attachments = Attachments()
    try:
        attachments.attach(parse_trigger(trigger, 499), program, 0, [os.getpid()])
        yield
    finally:
        attachments.close()


def test_raw_tracepoint(here: Firing) -> None:
    program = here.load("current_0", form_of("RAW_TRACEPOINT"))
    link = libbpf.attach_raw_tracepoint(program, "sys_exit")
    here.settled(FIRINGS)  # by the calls of the waiting itself
    os.close(link)
    check(here)


def test_tracing_a_tracepoint(here: Firing) -> None:
    one = ProgramType("TRACING", (("TRACE_RAW_TP", "btf_trace_sys_exit"),))
    (form,) = load_forms(kernel_btf(), one)
    link = attach_where_loaded(here.load("current_0", form))
    here.settled(FIRINGS)
    os.close(link)
    check(here)


def test_tracing_the_entry_of_a_function(here: Firing) -> None:
    form = forms_of("TRACING")[0]
    assert form.hook == "bpf_fentry_test1"
    skip_where_the_doctor_says_so("TRACING", form.hook)
    program = here.load("current_0", form)
    here.hold(attach_where_loaded(program))
    for _ in range(FIRINGS):
        run_tracing(program)
    check(here)


def test_security_module(here: Firing) -> None:
    form = form_of("LSM")
    skip_where_the_doctor_says_so("LSM", form.hook)
    here.hold(attach_where_loaded(here.load("current_0", form)))
    for _ in range(FIRINGS):
        os.close(os.open("/dev/null", os.O_RDONLY))
    check(here)


def test_syscall(here: Firing) -> None:
    program = here.load("aim_0", form_of("SYSCALL"), libbpf.F_SLEEPABLE)
    for _ in range(FIRINGS):
        libbpf.test_run(program, bytes(8))
    check(here)
    assert here.counts.fired == FIRINGS


def test_socket_filter(here: Firing) -> None:
    program = here.load("current_all", form_of("SOCKET_FILTER"))
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        receiver.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)
        for _ in range(FIRINGS):
            sender.send(b"kept")
            assert receiver.recv(8) == b"kept"
    check(here)
    assert here.counts.fired == FIRINGS


@pytest.mark.parametrize("name", ["SCHED_ACT", "LWT_IN", "LWT_OUT", "LWT_XMIT"])
def test_what_the_kernel_runs_over_a_packet_of_ours(here: Firing, name: str) -> None:
    program = here.load("current_0", form_of(name))
    for _ in range(FIRINGS):
        run_on_packet(program)
    check(here)
    assert here.counts.fired == FIRINGS


@pytest.mark.parametrize(
    ("name", "program", "attach"),
    [("XDP", "aim_2", "XDP"), ("SCHED_CLS", "aim_0", "TCX_INGRESS")],
)
def test_a_frame_that_arrives(
    held: ExitStack, spinning: TargetProcess, start_actor: StartProgram, mode: Mode,
    name: str, program: str, attach: str,
) -> None:  # fmt: skip
    actor = start_actor("frame")
    firing = Firing(held, spinning.tids[0], spinning.address, mode)
    loaded = firing.load(program, form_of(name, attach))
    firing.hold(
        in_network_of(actor.pid, lambda: link_program(loaded, socket.if_nametoindex("tw1"), attach))
    )
    act(actor)
    check(firing)


def test_a_packet_that_passes_the_netfilter(
    held: ExitStack, start_actor: StartProgram, mode: Mode
) -> None:
    actor = start_actor("datagram")
    firing = Firing(held, actor.pid, actor.address, mode)
    loaded = firing.load("current_1", form_of("NETFILTER"))
    # protocol family IPv4, hook LOCAL_OUT, priority
    place = struct.pack("<IIiI", socket.AF_INET, 3, -128, 0)
    firing.hold(in_network_of(actor.pid, lambda: link_program(loaded, 0, "NETFILTER", place)))
    act(actor)
    check(firing)


@pytest.mark.parametrize(
    ("name", "attach", "action"),
    [
        ("CGROUP_SKB", "CGROUP_INET_EGRESS", "datagram"),
        ("CGROUP_SOCK", "CGROUP_INET_SOCK_CREATE", "datagram"),
        ("CGROUP_SOCK_ADDR", "CGROUP_INET4_CONNECT", "connect"),
        ("CGROUP_SOCKOPT", "CGROUP_SETSOCKOPT", "option"),
        ("CGROUP_SYSCTL", "CGROUP_SYSCTL", "sysctl"),
        ("CGROUP_DEVICE", "CGROUP_DEVICE", "device"),
        ("SOCK_OPS", "CGROUP_SOCK_OPS", "stream"),
    ],
)
def test_in_a_cgroup(
    held: ExitStack, start_actor: StartProgram, own_cgroup: Path, mode: Mode,
    name: str, attach: str, action: str,
) -> None:  # fmt: skip
    actor = start_actor(action)
    firing = Firing(held, actor.pid, actor.address, mode)
    program = firing.load("current_1", form_of(name, attach))
    group = os.open(own_cgroup, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, group)
    firing.hold(link_program(program, group, attach))
    act(actor)
    check(firing)


def test_a_packet_that_arrives_in_a_cgroup(
    held: ExitStack, spinning: TargetProcess, start_actor: StartProgram, own_cgroup: Path,
    mode: Mode,
) -> None:  # fmt: skip
    actor = start_actor("stream")
    firing = Firing(held, spinning.tids[0], spinning.address, mode)
    program = firing.load("aim_1", form_of("CGROUP_SKB", "CGROUP_INET_INGRESS"))
    group = os.open(own_cgroup, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, group)
    firing.hold(link_program(program, group, "CGROUP_INET_INGRESS"))
    act(actor)
    check(firing)
