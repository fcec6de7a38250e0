"""The title line: who is watched, how, and whether it still runs; and the banner under it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from twtui.harmless import written_out
from twtui.model.enums import MapKind, Mode, RunState, TargetState
from twtui.model.playback import Playback
from twtui.model.snapshot import Snapshot
from twtui.ui import text
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line, Span, cut, fit, join, spread

_NAME_CELLS = 24
_ONE_LINE_FROM = 138
_FAILURE_LINES = 3
"""Of what happened, and of what to do about it."""
_STATES: dict[TargetState, Line] = {
    TargetState.SLEEPING: ((" asleep", "dim"),),
    TargetState.BLOCKED: ((" blocked", "dim"),),
    TargetState.STOPPED: ((" stopped", "warn"),),
    TargetState.TRACED: ((" held by a debugger", "warn"),),
}
"""What is said of all targets when all are in one state."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """What the screen adds to the snapshot: wishes under way and a held view."""

    map_kinds: tuple[MapKind, ...]
    """The map kinds that schedule now."""
    wanted_mode: Mode | None = None
    """Asked for, not yet in force."""
    paused: bool = False
    new_events: int = 0
    """Events that came since the view was paused."""
    by_kind: bool = False
    """Latencies are compared by map kind rather than by mode."""
    since_ns: int | None = None
    """Into the run, when counting began from 0 on the screen; None: at its start."""
    recorded: int | None = None
    """Events in the recording that is being made; None: there is none."""
    host: str = ""
    """The machine that is watched; empty: this one."""


def _targets(snapshot: Snapshot, width: int) -> list[Span]:
    views = snapshot.targets
    if not views:
        names = [(target.name, target.pid) for target in snapshot.plan.targets]
        first = f"{written_out(names[0][0])} {names[0][1]}" if names else ""
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return [(fit(first, min(len(first), width)) + more, "strong")]
    living = [view for view in views if not view.state.has_ended]
    first_view = (living or list(views))[0]
    name = written_out(first_view.name)
    spans: list[Span] = [
        (f"{fit(name, min(len(name), width))} {first_view.pid}", "strong"),
    ]
    before = next((t.name for t in snapshot.plan.targets if t.pid == first_view.pid), "")
    if before and before != first_view.name and len(views) == 1:
        # an exec, or a name that the process has given itself
        spans.append((f" (was {fit(written_out(before), min(len(before), width))})", "warn"))
    if len(views) > 1:
        spans.append((f" and {len(views) - 1} more", "strong"))
    threads = sum(view.threads for view in living)
    if not living:
        reaped = all(view.state is TargetState.EXITED for view in views)
        spans.append((" exited" if reaped else " exited, a zombie", "warn"))
    else:
        spans.append((f", {text.plural(threads, 'thread')}", "dim"))
        states = {view.state for view in living}
        if len(states) == 1:
            spans += _STATES.get(states.pop(), ())
    if living and len(living) < len(views):
        spans.append((f", {len(views) - len(living)} exited", "warn"))
    return spans


def _mode(snapshot: Snapshot, view: ViewState, glyphs: Glyphs) -> list[Span]:
    spans: list[Span] = [(snapshot.mode.upper(), str(snapshot.mode))]
    if view.wanted_mode is not None and view.wanted_mode is not snapshot.mode:
        spans += [
            (f" {glyphs.pointer} ", "dim"),
            (view.wanted_mode.upper(), str(view.wanted_mode)),
        ]
    return spans


def _map_kinds(view: ViewState) -> list[Span]:
    spans: list[Span] = []
    for kind in MapKind:
        on = kind in view.map_kinds
        spans.append((f"{kind} " if on else f"({kind}) ", "" if on else "dim"))
    spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    return spans


def _watches(snapshot: Snapshot) -> list[Span]:
    watches = snapshot.plan.watches
    more = f" and {len(watches) - 1} more" if len(watches) > 1 else ""
    first = watches[0]
    return [
        (written_out(first.trigger.label), "strong"),
        (f"  {written_out(str(first.capture))}{more}", ""),
    ]


def _playback(playback: Playback, glyphs: Glyphs) -> list[Span]:
    at, length = text.stopwatch(playback.at_ns), text.stopwatch(playback.length_ns)
    speed = "" if playback.speed == 1 else f" x{playback.speed:g}"
    if playback.playing:
        sign, role = glyphs.pointer, "good"
    else:
        sign, role = (glyphs.ended if playback.at_end else glyphs.paused), "warn"
    return [(f"{sign} ", role), (f"{at} of {length}{speed}", "")]


def _state(snapshot: Snapshot, view: ViewState, glyphs: Glyphs) -> list[Span]:
    if snapshot.playback is not None and snapshot.state is RunState.LIVE:
        return _playback(snapshot.playback, glyphs)
    spans = _run_state(snapshot, view, glyphs)
    if view.recorded is not None:
        spans = [(f"{glyphs.live} REC {view.recorded:,}  ", "bad"), *spans]
    return spans


def _run_state(snapshot: Snapshot, view: ViewState, glyphs: Glyphs) -> list[Span]:
    clock = text.stopwatch(snapshot.elapsed_ns)
    if view.paused and snapshot.state is not RunState.FAILED:
        return [(f"{glyphs.paused} PAUSED +{view.new_events:,} new  {clock}", "warn")]
    match snapshot.state:
        case RunState.STARTING:
            return [(f"{glyphs.waiting} starting", "dim")]
        case RunState.LIVE:
            return [(f"{glyphs.live} ", "good"), (f"live {clock}", "")]
        case RunState.ENDING:
            return [(f"{glyphs.waiting} ending {clock}", "warn")]
        case RunState.ENDED:
            return [(f"{glyphs.ended} ended {clock}", "warn")]
        case RunState.FAILED:
            return [(f"{glyphs.failed} FAILED {clock}", "bad")]


def heading_lines(snapshot: Snapshot, view: ViewState, width: int, glyphs: Glyphs) -> list[Line]:
    """One line where it is wide, otherwise two; by width alone, so that nothing below ever moves."""
    state = tuple(_state(snapshot, view, glyphs))
    name: Line = (("twtui ", "good"), (f"{glyphs.pointer} ", "dim"))
    if view.host:
        host = written_out(view.host)
        host = fit(host, min(len(host), _NAME_CELLS), ellipsis=glyphs.ellipsis)
        name = (*name, (f"{host} {glyphs.pointer} ", "strong"))
    who = [*name, *_targets(snapshot, _NAME_CELLS)]
    mode, kinds, watches = _mode(snapshot, view, glyphs), _map_kinds(view), _watches(snapshot)
    if width >= _ONE_LINE_FROM:
        return [spread(join([who, mode, kinds, watches]), state, width)]
    return [
        spread(join([who]), state, width),
        cut(join([mode, kinds, watches]), width),
    ]


def _losses(snapshot: Snapshot) -> str:
    """What got lost and what helps; empty when nothing did."""
    total, dropped = snapshot.total, snapshot.health.dropped
    parts = []
    if dropped:
        parts.append(
            f"{dropped:,} events dropped, the ring buffer was full: --buffer, or less load"
        )
    if total.no_slot * 100 > total.fired:
        parts.append(f"{total.no_slot:,} firings without a slot: --slots")
    return f" {'; '.join(parts)}" if parts else ""


def _progress(playback: Playback, width: int, glyphs: Glyphs) -> Line:
    cells = min(width // 4, 40)
    share = playback.at_ns / playback.length_ns if playback.length_ns else 0.0
    done = round(min(share, 1.0) * cells)
    return ((glyphs.line * done + glyphs.live, "good"), (glyphs.line * (cells - done), "dim"))


def _failure(snapshot: Snapshot, width: int, glyphs: Glyphs, keys: KeyMap) -> list[Line]:
    """What happened, what to do about it, and what can be done here."""
    error = written_out(snapshot.error) or "the run has failed"
    lines: list[Line] = []
    for words, role, sign in (
        (error, "bad", glyphs.failed),
        (written_out(snapshot.hint), "", " "),
    ):
        folded = textwrap.wrap(words, max(width - 2, 20))
        if len(folded) > _FAILURE_LINES:
            folded[_FAILURE_LINES - 1] += f" {glyphs.ellipsis}"
        for number, part in enumerate(folded[:_FAILURE_LINES]):
            lines.append(cut(((f"{' ' if number else sign} {part}", role),), width))
    below = "its log is below" if snapshot.log else "the numbers below are the last ones"
    picker = keys.text("picker")
    ways = f"{f'{picker} picks again, ' if picker else ''}{keys.text('quit')} leaves"
    lines.append(cut(((f"  {below}; {ways}", "warn"),), width))
    return lines


def banner_lines(
    snapshot: Snapshot, width: int, glyphs: Glyphs, keys: KeyMap = AS_SHIPPED
) -> list[Line]:
    """What must not be overlooked: data that is not live, losses, or a run that has failed."""
    lines: list[Line] = []
    info = snapshot.info
    if info.name not in ("", "live"):
        what = {"demo": "DEMO (simulated)", "replay": "REPLAY"}.get(info.name, info.name.upper())
        reason = f": {written_out(info.reason)}" if info.reason else ""
        line: Line = ((f"{glyphs.warning} {what}{reason}", "warn"),)
        if snapshot.playback is not None:
            lines.append(spread(line, _progress(snapshot.playback, width, glyphs), width))
        else:
            lines.append(cut(line, width))
    losses = _losses(snapshot)
    if losses:
        lines.append(cut(((f"{glyphs.warning}{losses}", "warn"),), width))
    if snapshot.state is RunState.FAILED:
        lines += _failure(snapshot, width, glyphs, keys)
    return lines
