"""The closed sets of words that the kernel side, the plan and the screen share."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum


class Mode(StrEnum):
    """How the kernel tells the task that work is waiting (``task_work_notify_mode``)."""

    RESUME = "resume"
    """TWA_RESUME: runs at the next return to user space and wakes nobody."""
    SIGNAL = "signal"
    """TWA_SIGNAL: also ends an interruptible sleep, as a signal would."""

    @property
    def number(self) -> int:
        """The number of the mode in ``bpf/twtui.h``."""
        return _MODES.index(self)

    @property
    def other(self) -> Mode:
        """The mode that a toggle leads to."""
        return Mode.SIGNAL if self is Mode.RESUME else Mode.RESUME


class MapKind(StrEnum):
    """Where the ``struct bpf_task_work`` lives; the kernel allows no other."""

    HASH = "hash"
    ARRAY = "array"
    LRU_HASH = "lru_hash"

    @property
    def number(self) -> int:
        """The number of the map kind in ``bpf/twtui.h``."""
        return _MAP_KINDS.index(self)


_MODES = tuple(Mode)
_MAP_KINDS = tuple(MapKind)


class Defer(StrEnum):
    """When a callback is scheduled."""

    ALWAYS = "always"
    """For every event."""
    FAULT = "fault"
    """Only when the read at the trigger faults."""
    EXIT = "exit"
    """Only when that at the end of the system call faults, too; as ``fault`` for other triggers."""

    @property
    def number(self) -> int:
        """The number in ``bpf/twtui.h``."""
        return _DEFERS.index(self)


_DEFERS = tuple(Defer)


class EventFlag(IntFlag):
    """What is special about one event (``enum tw_event_flags``)."""

    DEFERRED = 1
    """A callback ran; without it the read at the trigger was enough."""
    TRUNCATED = 2
    """The target had more than the event holds."""
    GONE = 4
    """The memory of the trigger was gone when the callback ran (exit or execve)."""
    KEPT = 8
    """The data is the copy that was read at the trigger."""
    WITH_REGISTERS = 16
    """On the wire only: the registers follow the data."""


class StackEnd(IntEnum):
    """Why a stack that a callback has walked has no more frames (``enum tw_stack_end``)."""

    WHOLE = 0
    FAULT = 1
    LIMIT = 2


class RunState(StrEnum):
    """The state of one run, as the title line shows it."""

    STARTING = "starting"
    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


class TargetState(StrEnum):
    """What a target does; the words of the screen."""

    RUNNING = "running"
    SLEEPING = "sleeping"
    BLOCKED = "blocked"
    """It waits in the kernel and cannot be woken, not even in signal mode."""
    STOPPED = "stopped"
    TRACED = "traced"
    """A debugger has stopped it."""
    ZOMBIE = "zombie"
    """It has ended, and its parent has not yet asked how."""
    EXITED = "exited"

    @property
    def has_ended(self) -> bool:
        """It runs nothing any more."""
        return self in (TargetState.ZOMBIE, TargetState.EXITED)
