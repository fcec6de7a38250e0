"""The fold: a state and a batch give the next state, a state gives a snapshot; pure, live or replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter

from twtui.model.arrivals import UNKNOWN_NS, Arrivals
from twtui.model.batch import Batch, Reading, Resume
from twtui.model.cost import NO_COST, NO_USE, Cost, OwnUse
from twtui.model.enums import MapKind, Mode, RunState
from twtui.model.event import Event
from twtui.model.histogram import Histogram
from twtui.model.ledger import Counters, Invariant, Row, ledger_invariants
from twtui.model.pace import SECOND_NS, Pace
from twtui.model.plan import Command, Plan, SetCapture, SetMapKinds, Stop
from twtui.model.playback import Playback
from twtui.model.snapshot import BackendInfo, Health, LedgerRow, Snapshot, TargetView
from twtui.model.window import EventWindow

WINDOW = 10_000
"""Newest events that a snapshot holds."""
MOST_NAMES = 1 << 16
"""Of stack addresses; beyond that the older half is forgotten and shown as addresses."""
MAX_NOTES = 50
MAX_CAPTURES = 256
"""``tw_event.capture`` is one byte."""
_ROWS: tuple[Row, ...] = tuple((kind, mode) for kind in MapKind for mode in Mode)
_row_of = itemgetter(Event._fields.index("map_kind"), Event._fields.index("mode"))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that is known of a run. Made by ``starting``, changed by the functions below."""

    plan: Plan
    """As commands have changed it so far."""
    info: BackendInfo
    pace: Pace
    mode: Mode
    window: int = WINDOW
    run_state: RunState = RunState.STARTING
    started_ns: int = 0
    at_ns: int = 0
    events: EventWindow = field(default_factory=EventWindow)
    events_seen: int = 0
    arrivals: Arrivals = field(default_factory=Arrivals)
    unseen: int = 0
    """Of ``events``, how many came after the last snapshot."""
    skipped: int = 0
    delivered: Mapping[Row, int] = field(default_factory=dict)
    reading: Reading | None = None
    reading_ns: int = 0
    ledger: Mapping[Row, Counters] = field(default_factory=dict)
    """The last reading's, with what was delivered by then."""
    invariants: tuple[Invariant, ...] = ()
    captures: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    names: Mapping[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    log: str = ""
    playback: Playback | None = None
    cost: Cost = NO_COST
    """As the last snapshot had it."""


def starting(plan: Plan, window: int = WINDOW) -> State:
    """The state before the backend is open."""
    return State(plan, BackendInfo(""), Pace.starting(0), plan.mode, window)


def opened(state: State, info: BackendInfo) -> State:
    """The state when every trigger is attached."""
    return replace(state, info=info, run_state=RunState.LIVE)


def failed(state: State, message: str, hint: str = "", log: str = "") -> State:
    """The state when nothing more will come, because of an error; what was counted stays."""
    return replace(state, run_state=RunState.FAILED, error=message, hint=hint, log=log)


def with_note(state: State, *notes: str) -> State:
    """The state with something more that a person should know."""
    return replace(state, notes=(*state.notes, *notes)[-MAX_NOTES:]) if notes else state


def commanded(state: State, command: Command) -> State:
    """The state after a command that the backend took; a mode shows only when it is in force."""
    match command:
        case SetMapKinds(map_kinds):
            return replace(state, plan=replace(state.plan, map_kinds=map_kinds))
        case SetCapture(index, capture):
            watches = list(state.plan.watches)
            watches[index] = replace(watches[index], capture=capture)
            return replace(state, plan=replace(state.plan, watches=tuple(watches)))
        case Stop():
            return replace(state, run_state=RunState.ENDING)
    return state


def fold(
    state: State, batch: Batch, events: Sequence[Event], rows: Mapping[Row, int] | None = None
) -> State:
    """The state after a batch.

    Args:
        batch: What came.
        events: Those of ``batch.records``.
        rows: How many there are of each row of the ledger, where that is known already.
    """
    if not state.started_ns:
        started_ns = state.info.attached_ns or batch.at_ns
        state = replace(state, started_ns=started_ns, pace=Pace.starting(started_ns))
    if batch.resume is not None:
        state = _resumed(state, batch.resume)
    if events:
        counted = Counter(map(_row_of, events)) if rows is None else rows
        at_ns = UNKNOWN_NS if batch.resume is not None else batch.at_ns
        state = _with_events(state, at_ns, events, counted)
    if batch.reading is not None:
        state = _with_reading(state, batch, batch.reading)
    known = {i: texts for i, texts in batch.captures.items() if 0 <= i < MAX_CAPTURES}
    return with_note(
        replace(
            state,
            at_ns=max(state.at_ns, batch.at_ns),
            mode=Mode(batch.mode) if batch.mode else state.mode,
            captures={**state.captures, **known} if known else state.captures,
            names=with_names(state.names, batch.names),
            run_state=RunState.ENDED if batch.over else state.run_state,
            playback=batch.playback or state.playback,
        ),
        *batch.notes,
    )


def _resumed(state: State, resume: Resume) -> State:
    """The state in the middle of a run, of which only this much is known."""
    fresh = replace(
        starting(state.plan, state.window),
        info=state.info,
        run_state=state.run_state,
        started_ns=state.started_ns,
        delivered=resume.delivered,
        events_seen=sum(resume.delivered.values()),
        pace=Pace.starting(state.started_ns),
        cost=state.cost,
    )
    for at_ns, reading in resume.past:
        late = not fresh.ledger and at_ns - state.started_ns > SECOND_NS
        pace = Pace.starting(at_ns, reading.ledger) if late else fresh.pace
        fresh = replace(fresh, ledger=reading.ledger, pace=pace.after(at_ns, reading.ledger))
    return fresh


def with_names(
    names: Mapping[tuple[int, int], str], new: Mapping[tuple[int, int], str]
) -> Mapping[tuple[int, int], str]:
    """Names and newer ones; of too many the older half is forgotten."""
    if not new:
        return names
    both = {**names, **new}
    return both if len(both) <= MOST_NAMES else dict(islice(both.items(), len(both) // 2, None))


def _with_events(
    state: State, at_ns: int, events: Sequence[Event], rows: Mapping[Row, int]
) -> State:
    delivered = dict(state.delivered)
    for row, count in rows.items():
        delivered[row] = delivered.get(row, 0) + count
    unseen = state.unseen + len(events)
    seen = state.events_seen + len(events)
    return replace(
        state,
        events=state.events.with_events(events, state.window),
        events_seen=seen,
        arrivals=state.arrivals.with_batch(seen, at_ns, seen - state.window + 1),
        unseen=min(unseen, state.window),
        skipped=state.skipped + max(unseen - state.window, 0),
        delivered=delivered,
    )


def _with_reading(state: State, batch: Batch, reading: Reading) -> State:
    ledger = _with_delivered(reading.ledger, state.delivered)
    all_in = all(counters.delivered >= counters.emitted for counters in ledger.values())
    # the last batch has to bring everything; before that, a quiet reading may run ahead of its events
    settled = reading.quiet and (batch.end or all_in)
    return replace(
        state,
        reading=reading,
        reading_ns=batch.at_ns,
        ledger=ledger,
        pace=state.pace.after(batch.at_ns, ledger),
        invariants=ledger_invariants(ledger, None if settled else state.ledger),
    )


def _with_delivered(
    ledger: Mapping[Row, Counters], delivered: Mapping[Row, int]
) -> dict[Row, Counters]:
    return {
        row: replace(ledger.get(row, Counters()), delivered=delivered.get(row, 0))
        for row in _ROWS
        if row in ledger or row in delivered
    }


def shown(state: State, own: OwnUse) -> State:
    """The state after a snapshot of it was published."""
    return replace(state, unseen=0, cost=_cost(state, own))


def _cost(state: State, own: OwnUse) -> Cost:
    kernel_cpu_ns = state.reading.cpu_ns if state.reading else None
    return state.cost.after(own, state.reading_ns, kernel_cpu_ns)


def _health(state: State, own: OwnUse, dropped: int) -> Health:
    reading = state.reading or Reading({}, {})
    return Health(
        dropped=dropped,
        skipped=state.skipped,
        backlog_bytes=reading.backlog_bytes,
        cpu_percent=_cost(state, own).cpu_percent,
        rss_bytes=own.rss_bytes + reading.rss_bytes,
        bpf_ns_per_event=reading.bpf_run_ns / reading.bpf_runs if reading.bpf_runs else None,
    )


def snapshot(state: State, own: OwnUse = NO_USE) -> Snapshot:
    """The picture of a state.

    Args:
        own: What this process has used so far; the cost of the kernel process is in the state.
    """
    ledger = _with_delivered(state.ledger, state.delivered)
    in_use = {(kind, state.mode) for kind in state.plan.map_kinds}
    rows = tuple(
        LedgerRow(
            row,
            ledger.get(row, Counters()),
            state.pace.rates(row),
            state.pace.history.get(row, ()),
        )
        for row in _ROWS
        if row in in_use or ledger.get(row, Counters()) != Counters()
    )
    total = Counters()
    for row in rows:
        total = total.plus(row.counters)
    latency: Mapping[Row, Histogram] = state.reading.latency if state.reading else {}
    targets: tuple[TargetView, ...] = state.reading.targets if state.reading else ()
    captures = [state.captures.get(i, ("", "")) for i in range(max(state.captures, default=-1) + 1)]
    return Snapshot(
        state=state.run_state,
        plan=state.plan,
        info=state.info,
        mode=state.mode,
        at_ns=state.at_ns,
        elapsed_ns=max(state.at_ns - state.started_ns, 0),
        rows=rows,
        total=total,
        latency=latency,
        invariants=state.invariants,
        events=state.events,
        events_seen=state.events_seen,
        arrivals=state.arrivals,
        captures=tuple(capture for _, capture in captures),
        triggers=tuple(trigger for trigger, _ in captures),
        targets=targets,
        health=_health(state, own, total.dropped),
        names=state.names,
        notes=state.notes,
        error=state.error,
        hint=state.hint,
        log=state.log,
        playback=state.playback,
    )
