"""What a blocked call comes back with when a callback reaches its thread: one row a call, as measured.

A callback in resume mode wakes nobody. One in signal mode wakes a thread that sleeps in a call, or keeps
one from falling asleep, as a signal would. No handler runs, so the kernel starts most calls again by
itself (``-ERESTARTSYS`` and its like). What returns ``-EINTR``, or what it has so far, is not started
again: ``ep_poll()``, ``do_semtimedop()``, ``do_sigtimedwait()``, sockets with a timeout
(``sock_intr_errno()``), ``pipe_write()`` and ``MSG_WAITALL``. Every row is tested on the running kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from twtui.model.enums import Mode
from twtui.model.trigger import Trigger, TriggerKind


class Effect(StrEnum):
    """What the thread sees of a callback that comes while it is in a call."""

    NOTHING = "nothing"
    """It is not woken."""
    GOES_ON = "goes on"
    """It is woken, and waits again for what is left, without knowing."""
    INTERRUPTED = "EINTR"
    SHORT = "short count"
    """The call returns with what it has so far."""

    @property
    def is_seen(self) -> bool:
        """The program sees it, and has to be written for it."""
        return self in (Effect.INTERRUPTED, Effect.SHORT)


class Reach(StrEnum):
    """Where a callback in signal mode finds a thread, which depends on the trigger."""

    ASLEEP = "probe"
    """In a call, however long it sleeps there."""
    FALLING_ASLEEP = "sample"
    """In a call only where the sample hits as it begins to wait: one sample in very many."""
    AWAKE = "syscall exit, function"
    """On its way out of a call, or in its own code: its next call has not begun."""


class BlockedCall(NamedTuple):
    """One call that waits."""

    name: str
    """As the test's target knows it."""
    text: str
    """As people read it."""
    state: str = ""
    """How it stands when it is reached, where that matters."""
    woken: Effect = Effect.GOES_ON
    """What becomes of it when its thread is woken, or kept from falling asleep."""

    def effect(self, mode: Mode, reach: Reach) -> Effect:
        """What the thread sees of a callback."""
        if mode is Mode.RESUME or reach is Reach.AWAKE:
            return Effect.NOTHING
        return self.woken


CALLS: tuple[BlockedCall, ...] = (
    BlockedCall("read-pipe", "read on a pipe"),
    BlockedCall("read-socket", "read on a socket"),
    BlockedCall("write-pipe", "write to a pipe", "half of it written", Effect.SHORT),
    BlockedCall("recv-timeout", "recv with SO_RCVTIMEO", woken=Effect.INTERRUPTED),
    BlockedCall("recv-all", "recv with MSG_WAITALL", "half of it there", Effect.SHORT),
    BlockedCall("accept", "accept"),
    BlockedCall("accept-timeout", "accept with SO_RCVTIMEO", woken=Effect.INTERRUPTED),
    BlockedCall("epoll_wait", "epoll_wait", woken=Effect.INTERRUPTED),
    BlockedCall("poll", "poll"),
    BlockedCall("select", "select"),
    BlockedCall("nanosleep", "nanosleep"),
    BlockedCall("clock_nanosleep", "clock_nanosleep", "for a time"),
    BlockedCall("clock_nanosleep-until", "clock_nanosleep", "until a time"),
    BlockedCall("futex", "futex", "mutexes, condition variables"),
    BlockedCall("futex-timeout", "futex", "with a timeout"),
    BlockedCall("semop", "semop", woken=Effect.INTERRUPTED),
    BlockedCall("msgrcv", "msgrcv"),
    BlockedCall("sigtimedwait", "sigtimedwait", woken=Effect.INTERRUPTED),
    BlockedCall("wait4", "wait4"),
    BlockedCall("flock", "flock"),
    BlockedCall("io_uring_enter", "io_uring_enter"),
)
"""Each was tried; what is not here is not known."""


def reach_of(trigger: Trigger) -> Reach:
    """Where callbacks of a trigger that allows signal mode find a thread."""
    match trigger.kind:
        case TriggerKind.PROBE:
            return Reach.ASLEEP
        case TriggerKind.SAMPLE:
            return Reach.FALLING_ASLEEP
    return Reach.AWAKE


def disturbed(reach: Reach) -> dict[Effect, tuple[str, ...]]:
    """What signal mode does that is seen, and the calls in which it is."""
    found: dict[Effect, tuple[str, ...]] = {}
    for call in CALLS:
        effect = call.effect(Mode.SIGNAL, reach)
        if effect.is_seen:
            found[effect] = (*found.get(effect, ()), call.text)
    return found


_MEANS = {
    Reach.ASLEEP: "Signal mode wakes threads that sleep in a call",
    Reach.FALLING_ASLEEP: "Signal mode can hit a thread as it begins to wait",
    Reach.AWAKE: "Signal mode disturbs no call here: it finds each thread awake.",
}


def warning(reach: Reach) -> str:
    """What signal mode does to a target, in a sentence that names the calls."""
    effects = [
        f"{effect} from {', '.join(calls)}" for effect, calls in sorted(disturbed(reach).items())
    ]
    return f"{_MEANS[reach]}: {'; '.join(effects)}." if effects else _MEANS[reach]


def furthest_reach(triggers: Iterable[Trigger]) -> Reach:
    """That of the trigger which disturbs most."""
    order = list(Reach)
    return min((reach_of(trigger) for trigger in triggers), key=order.index, default=Reach.AWAKE)
