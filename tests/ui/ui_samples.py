"""Snapshots, events and processes made up for the tests of the screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.unit.support import histogram_of
from twtui.model.capture import parse_capture
from twtui.model.enums import EventFlag, MapKind, Mode, RunState, TargetState
from twtui.model.event import NOT_TRIED, Event
from twtui.model.ledger import Counters, Invariant
from twtui.model.plan import Plan, Target, Watch
from twtui.model.presets import Preset
from twtui.model.snapshot import BackendInfo, Health, LedgerRow, Rates, Snapshot, TargetView
from twtui.model.trigger import parse_trigger
from twtui.processes import KERNEL_THREAD, ProcessRow

TARGET = Target(4242, 777, "redis-server")
LIVE = BackendInfo("live", kernel="6.18.0", kfunc_variant="plain", bcc="0.31", clock_offset_ns=0)
DEMO = BackendInfo("demo", reason="BCC is not installed")


def make_plan(
    targets: tuple[Target, ...] = (TARGET,),
    trigger: str = "sample",
    capture: str = "str(arg2)",
    map_kinds: tuple[MapKind, ...] = tuple(MapKind),
) -> Plan:
    watch = Watch(parse_trigger(trigger), parse_capture(capture))
    return Plan(targets, (watch,), map_kinds)


def plan_of(targets: tuple[Target, ...], preset: Preset | None = None) -> Plan:
    """As the command line makes it, for the picker."""
    plan = make_plan(targets)
    return (
        replace(plan, watches=preset.watches(), map_kinds=preset.map_kinds or tuple(MapKind))
        if preset
        else plan
    )


def make_event(number: int, data: bytes | None = None, **changes: object) -> Event:
    at_ns = 43_263_000_000_000 + number * 1_000_000
    payload = b"/etc/redis/%d.conf" % number if data is None else data
    event = Event(
        trigger_ns=at_ns,
        ran_ns=at_ns + 12_000,
        address=0x7FFC_0000_1000,
        nofault=len(payload),
        result=len(payload),
        pid=4242,
        tid=4242 + number % 3,
        wanted_bytes=0,
        trigger_cpu=0,
        ran_cpu=1,
        map_kind=tuple(MapKind)[number % 3],
        mode=Mode.RESUME,
        capture=0,
        flags=int(EventFlag.DEFERRED),
        comm=(b"redis-server", b"bio_lazy_free", b"io_thd_1")[number % 3],
        data=payload,
    )
    return event._replace(**changes)  # type: ignore[arg-type]


RESCUED = make_event(2, b"/var/lib/redis/dump.rdb", nofault=-14)
HOSTILE = make_event(3, b"\x1b[31mnot red\x1b[0m [bold]x[/] \xe2\x80\xae\xff")
TRUNCATED = make_event(
    4, b"a" * 64, flags=int(EventFlag.DEFERRED | EventFlag.TRUNCATED), wanted_bytes=4096
)
FAULTED = make_event(5, b"", nofault=-14, result=-14)
GONE = make_event(
    6,
    b"/usr/bin/old",
    result=-3,
    flags=int(EventFlag.DEFERRED | EventFlag.GONE | EventFlag.KEPT),
)
DIRECT = make_event(7, b"/etc/hosts", flags=0, ran_ns=0, result=NOT_TRIED)
EVENTS = (make_event(1), RESCUED, HOSTILE, TRUNCATED, FAULTED, GONE, DIRECT)

COUNTERS = Counters(
    fired=12_402,
    scheduled=12_400,
    busy=2,
    completed=12_396,
    read_ok=12_390,
    read_fault=6,
    truncated=12,
    nofault_ok=7_565,
    nofault_fault=4_837,
    rescued=4_831,
    cancelled=3,
    lost=1,
    pending=0,
    emitted=12_396,
    delivered=12_396,
    errors={"EFAULT": 6, "EBUSY": 2},
)
HISTORY = tuple(Rates(*(90.0 + i % 20,) * 3) for i in range(60))


def make_row(kind: MapKind, mode: Mode, counters: Counters = COUNTERS) -> LedgerRow:
    return LedgerRow((kind, mode), counters, Rates(99.0, 99.0, 99.0), HISTORY)


def make_snapshot(
    events: Sequence[Event] = EVENTS,
    events_seen: int | None = None,
    modes: tuple[Mode, ...] = (Mode.RESUME,),
    plan: Plan | None = None,
    **changes: object,
) -> Snapshot:
    plan = plan or make_plan()
    rows = tuple(make_row(kind, mode) for kind in plan.map_kinds for mode in modes)
    total = Counters()
    for row in rows:
        total = total.plus(row.counters)
    latencies = {
        Mode.RESUME: [11_000] * 500 + [19_000] * 300 + [41_000] * 20 + [1_200_000],
        Mode.SIGNAL: [14_000] * 500 + [22_000] * 200 + [900_000],
    }
    latency = {row.row: histogram_of(latencies[row.row[1]]) for row in rows}
    snapshot = Snapshot(
        state=RunState.LIVE,
        plan=plan,
        info=LIVE,
        mode=modes[-1],
        at_ns=83_000_000_000,
        elapsed_ns=83_000_000_000,
        rows=rows,
        total=total,
        latency=latency,
        invariants=(Invariant("scheduled = completed", True, "fine"),),
        events=events,
        events_seen=len(events) if events_seen is None else events_seen,
        captures=("str(arg2)",),
        triggers=("sample",),
        targets=(TargetView(4242, "redis-server", 5, TargetState.RUNNING),),
        health=Health(cpu_percent=3.2, rss_bytes=96 << 20, bpf_ns_per_event=410.0),
    )
    return replace(snapshot, **changes)  # type: ignore[arg-type]


VERIFIER_LOG = """\
0: R1=ctx() R10=fp0
; int on_sample(struct bpf_perf_event_data *context) @ hash.c:41
0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()
1: (85) call bpf_get_current_pid_tgid#14      ; R0_w=scalar()
2: (77) r0 >>= 32                     ; R0_w=scalar(smin=0,umax=0xffffffff)
; struct tw_target *target = bpf_map_lookup_elem(&targets, &pid); @ hash.c:47
3: (63) *(u32 *)(r10 -4) = r0
4: (18) r1 = 0xffff9d3c41fd2c00       ; R1_w=map_ptr(map=targets,ks=4,vs=16)
6: (bf) r2 = r10
7: (07) r2 += -4
8: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=targets,ks=4,vs=16)
; if (target->flags & TW_TARGET_PAUSED) @ hash.c:49
9: (61) r3 = *(u32 *)(r0 +8)
R0 invalid mem access 'map_value_or_null'
processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""
"""As the verifier writes it."""


def make_process(pid: int, name: str, cpu: float = 0.0, **changes: object) -> ProcessRow:
    row = ProcessRow(pid, pid * 10, "root", 1, cpu, "S", name, f"/usr/bin/{name} --serve")
    return replace(row, **changes)  # type: ignore[arg-type]


PROCESSES = [
    make_process(10, "nginx", 1.0),
    make_process(20, "redis-server", 50.0, user="redis", threads=5),
    make_process(30, "postgres", 5.0),
    make_process(40, "kworker/0:1", refusal=KERNEL_THREAD, command="[kworker/0:1]"),
    make_process(50, "qemu", 0.5),
]
