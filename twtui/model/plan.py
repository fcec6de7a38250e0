"""The plan: what is watched, on whom, with what; and the commands that change a running one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from twtui.errors import UsageError
from twtui.model.bounds import MOST_NAME, U32, text, whole
from twtui.model.capture import MAX_DATA_BYTES, Capture, parse_capture
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.playback import PlaybackCommand
from twtui.model.trigger import Trigger, TriggerKind, parse_trigger

MAX_WATCHES = 32
DEFAULT_CAPTURE = "bytes(sp, 64)"
"""Something true of any process: the newest bytes of its stack."""


@dataclass(frozen=True, slots=True)
class Target:
    """A process, held by PID and start time so that a reused PID is never mistaken for it."""

    pid: int
    start_ticks: int = 0
    """Field 22 of /proc/PID/stat, clock ticks since boot; 0 when not known."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """One trigger and what its callback reads."""

    trigger: Trigger
    capture: Capture
    optional: bool = False
    """Left out, with a note, where its tracepoint or function is not there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run needs to know before it starts."""

    targets: tuple[Target, ...]
    watches: tuple[Watch, ...]
    map_kinds: tuple[MapKind, ...] = tuple(MapKind)
    mode: Mode = Mode.RESUME
    defer: Defer = Defer.ALWAYS
    max_bytes: int = 256
    """Most bytes that one capture returns."""
    slots: int = 4096
    """Per map kind."""
    buffer_bytes: int = 8 << 20
    """Ring buffer, a power of two."""
    children: bool = False
    """Forked and exec'd children are targets too."""
    threads: tuple[int, ...] = ()
    """Of targets that own some of these threads, only these are watched."""
    registers: bool = False
    """Every event brings the user registers of its trigger."""

    def check(self) -> Plan:
        """The plan itself, when it can be run.

        Raises:
            UsageError: Something in it is out of range or refused.
        """
        if not self.targets:
            raise UsageError("no process to watch", "name one with -p PID")
        if not 1 <= len(self.watches) <= MAX_WATCHES:
            raise UsageError(f"{len(self.watches)} triggers", f"give 1 to {MAX_WATCHES}")
        if not self.map_kinds:
            raise UsageError("no map kind", "give --map hash, array, lru_hash or all")
        if not 8 <= self.max_bytes <= MAX_DATA_BYTES:
            raise UsageError(
                f"--max-bytes {self.max_bytes} is out of range", f"give 8 to {MAX_DATA_BYTES}"
            )
        if not 4 <= self.slots <= 1 << 20:
            raise UsageError(f"--slots {self.slots} is out of range", f"give 4 to {1 << 20}")
        if not 1 << 12 <= self.buffer_bytes <= 1 << 30:
            raise UsageError(f"--buffer {self.buffer_bytes} is out of range", "give 4k to 1g")
        if self.mode is Mode.SIGNAL:
            self.check_signal()
        return self

    def check_signal(self) -> None:
        """Refuse signal mode where it makes a trigger fire itself again.

        Raises:
            UsageError: A trigger of the plan does not allow signal mode.
        """
        for watch in self.watches:
            if not watch.trigger.allows_signal:
                raise UsageError(
                    f"signal mode is refused for {watch.trigger}: it restarts the call and fires again",
                    "use -m resume, or a syscall exit, a sample, a uprobe or a probe",
                )

    @property
    def samples(self) -> bool:
        """Some trigger fires by itself (a probe on demand does not)."""
        return any(w.trigger.kind is not TriggerKind.PROBE for w in self.watches)

    def to_wire(self) -> dict[str, Any]:
        """The one serialised form, for the protocol, recordings and the JSON header."""
        return {
            "targets": [
                {"pid": target.pid, "start_ticks": target.start_ticks, "name": target.name}
                for target in self.targets
            ],
            "watches": [
                {
                    "trigger": str(watch.trigger),
                    "capture": str(watch.capture),
                    "rate_hz": watch.trigger.rate_hz,
                    "period": watch.trigger.period,
                    "optional": watch.optional,
                }
                for watch in self.watches
            ],
            "map_kinds": list(self.map_kinds),
            "mode": str(self.mode),
            "defer": str(self.defer),
            "max_bytes": self.max_bytes,
            "slots": self.slots,
            "buffer_bytes": self.buffer_bytes,
            "children": self.children,
            "threads": list(self.threads),
            "registers": self.registers,
        }

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> Plan:
        """The inverse of ``to_wire``; checks everything, as the other side may be hostile.

        Raises:
            UsageError: A field is missing, of the wrong type or out of range.
        """
        try:
            return cls(
                targets=tuple(
                    Target(
                        whole(item["pid"], U32),
                        whole(item["start_ticks"]),
                        text(item["name"], MOST_NAME),
                    )
                    for item in fields["targets"]
                ),
                watches=tuple(
                    Watch(
                        parse_trigger(
                            text(item["trigger"]),
                            whole(item["rate_hz"], U32),
                            whole(item["period"]),
                        ),
                        parse_capture(text(item["capture"])),
                        # not in the recordings of before
                        optional=bool(item.get("optional", False)),
                    )
                    for item in fields["watches"]
                ),
                map_kinds=tuple(MapKind(kind) for kind in fields["map_kinds"]),
                mode=Mode(fields["mode"]),
                defer=Defer(fields["defer"]),
                max_bytes=int(fields["max_bytes"]),
                slots=int(fields["slots"]),
                buffer_bytes=int(fields["buffer_bytes"]),
                children=bool(fields["children"]),
                threads=tuple(whole(tid, U32) for tid in fields["threads"]),
                registers=bool(fields.get("registers", False)),
            ).check()
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise UsageError(f"not a plan: {text(error, 200)!r}") from None


@dataclass(frozen=True, slots=True)
class SetMode:
    """Schedule in this mode from the next trigger on."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class SetMapKinds:
    """Let only these map kinds schedule; the others keep their counters."""

    map_kinds: tuple[MapKind, ...]


@dataclass(frozen=True, slots=True)
class SetCapture:
    """Read something else from the next trigger on."""

    watch: int
    capture: Capture


@dataclass(frozen=True, slots=True)
class Probe:
    """Schedule once on every thread of every target, asleep or not."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Detach, settle the ledger and end: the last batch has ``end`` set."""


Command = SetMode | SetMapKinds | SetCapture | Probe | Stop | PlaybackCommand


def command_to_wire(command: Command) -> dict[str, Any]:
    """The one serialised form of a command.

    Raises:
        UsageError: It is not for a run, but for a recording.
    """
    match command:
        case SetMode(mode):
            return {"command": "mode", "mode": str(mode)}
        case SetMapKinds(map_kinds):
            return {"command": "maps", "map_kinds": list(map_kinds)}
        case SetCapture(watch, capture):
            return {"command": "capture", "watch": watch, "capture": str(capture)}
        case Probe():
            return {"command": "probe"}
        case Stop():
            return {"command": "stop"}
    raise UsageError("only a recording can be played, stepped and wound")


def command_from_wire(fields: Mapping[str, Any]) -> Command:
    """The inverse of ``command_to_wire``.

    Raises:
        UsageError: Not a command.
    """
    try:
        match fields["command"]:
            case "mode":
                return SetMode(Mode(fields["mode"]))
            case "maps":
                return SetMapKinds(tuple(MapKind(kind) for kind in fields["map_kinds"]))
            case "capture":
                return SetCapture(
                    whole(fields["watch"], U32), parse_capture(text(fields["capture"]))
                )
            case "probe":
                return Probe()
            case "stop":
                return Stop()
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise UsageError(f"not a command: {text(error, 200)!r}") from None
    raise UsageError(f"not a command: {text(fields['command'], 200)!r}")


def with_mode(plan: Plan, mode: Mode) -> Plan:
    """The plan in another mode, checked."""
    return replace(plan, mode=mode).check()
