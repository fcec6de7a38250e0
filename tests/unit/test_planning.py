"""From the words on the command line to a plan."""

from __future__ import annotations

import pytest

from twtui.commands.finding import find_targets
from twtui.commands.planning import make_plan
from twtui.errors import NoSuchTargetError, UsageError
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import Plan, Target
from twtui.model.trigger import TriggerKind
from twtui.settings.options import options_of

TARGETS = (Target(4242, 1, "shop"),)


def planned(*words: str, targets: tuple[Target, ...] = TARGETS) -> Plan:
    return make_plan(options_of("record", words, {"HOME": "/nonexistent"}), targets)


def test_the_defaults() -> None:
    plan = planned()
    assert [str(watch.trigger) for watch in plan.watches] == ["sample"]
    assert plan.watches[0].trigger.rate_hz == 99
    assert str(plan.watches[0].capture) == "bytes(sp, 64)"
    assert plan == Plan(TARGETS, plan.watches)


@pytest.mark.parametrize(
    ("trigger", "kinds"),
    [
        ("sample", tuple(MapKind)),
        ("probe:2hz", tuple(MapKind)),
        ("sample,probe", tuple(MapKind)),
        ("syscall:openat", (MapKind.HASH,)),
        ("sample,syscall:openat", (MapKind.HASH,)),
        ("uprobe:libc:malloc", (MapKind.HASH,)),
    ],
)
def test_an_event_is_paid_for_once_unless_the_kinds_can_be_compared(
    trigger: str, kinds: tuple[MapKind, ...]
) -> None:
    assert planned("--trigger", trigger).map_kinds == kinds


def test_everything_can_be_said() -> None:
    plan = planned(
        "--map=lru_hash,hash", "-m", "signal", "--trigger", "sample:cycles,syscall:read:exit",
        "--capture", "str(*(arg1+16))", "--defer", "fault", "-F", "50", "-s", "64", "--slots", "16",
        "--buffer", "1m",
    )  # fmt: skip
    assert plan.map_kinds == (MapKind.HASH, MapKind.LRU_HASH)
    assert (plan.mode, plan.defer) == (Mode.SIGNAL, Defer.FAULT)
    assert [w.trigger.kind for w in plan.watches] == [TriggerKind.SAMPLE, TriggerKind.SYSCALL]
    assert {str(w.capture) for w in plan.watches} == {"str(*(arg1+16))"}
    assert plan.watches[0].trigger.rate_hz == 50
    assert (plan.max_bytes, plan.slots, plan.buffer_bytes) == (64, 16, 1 << 20)


def test_a_period_replaces_the_rate() -> None:
    trigger = planned("--trigger", "sample:instructions", "--period", "1000").watches[0].trigger
    assert (trigger.period, trigger.rate_hz) == (1000, 0)


@pytest.mark.parametrize(
    "words",
    [
        ("--map", "btree"),
        ("--map", ""),
        ("--trigger", ""),
        ("--trigger", "sample,,probe"),
        ("--capture", ""),
        ("-F", "20001"),
        ("-F", "0"),
        ("-F", "9", "--period", "9"),
        ("-F", "9", "--trigger", "syscall:read"),
        ("--period", "9", "--trigger", "probe"),
        ("-s", "5000"),
        ("--slots", "1"),
        ("--buffer", "3m"),
        ("--buffer", "2g"),
        ("-m", "both"),
        ("--defer", "never"),
        ("-m", "signal", "--trigger", "syscall:read"),
    ],
)
def test_what_is_wrong_is_refused_with_or_without_targets(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        planned(*words)
    with pytest.raises(UsageError):
        planned(*words, targets=())


def test_without_targets_the_plan_waits_for_the_picker() -> None:
    assert planned(targets=()).targets == ()


class Processes:
    """Stands in for the process table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str]] = []
        self.matches: list[Target] = []
        monkeypatch.setattr("twtui.processes.find_target", lambda pid: Target(pid, pid * 10))
        monkeypatch.setattr("twtui.processes.matching", self.matching)

    def matching(self, name_regex: str = "", user: str = "") -> list[Target]:
        self.asked.append((name_regex, user))
        return self.matches


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    return Processes(monkeypatch)


def found(*words: str) -> list[int]:
    options = options_of("record", words, {"HOME": "/nonexistent"})
    return [target.pid for target in find_targets(options)]


def test_pids_may_be_repeated_and_listed(processes: Processes) -> None:
    assert found("-p", "5", "-p", "7,5", "--pid", "6") == [5, 7, 6]
    assert found() == []
    assert processes.asked == []


def test_name_and_user_narrow_each_other_and_add_to_pids(processes: Processes) -> None:
    processes.matches = [Target(8, 80), Target(5, 50)]
    assert found("-p", "5", "-n", "redis", "-u", "www") == [5, 8]
    assert processes.asked == [("redis", "www")]


def test_an_empty_name_is_a_name(processes: Processes) -> None:
    processes.matches = [Target(8, 80)]
    assert found("-n", "") == [8]


def test_nothing_found_is_said(processes: Processes) -> None:
    with pytest.raises(NoSuchTargetError, match="-n 'nosuch'"):
        found("-n", "nosuch")


def test_threads_are_watched_through_their_owners(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twtui.processes.leader_of", {71: 70, 72: 70}.get)
    assert found("-t", "71,72", "-p", "5") == [5, 70]
    with pytest.raises(NoSuchTargetError, match="no thread has TID 73"):
        found("-t", "73")


def test_waiting_ends_when_one_appears(processes: Processes) -> None:
    said: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            processes.matches = [Target(8, 80)]

    options = options_of("record", ["-n", "shop", "--wait"], {"HOME": "/nonexistent"})
    assert find_targets(options, said.append, pause) == (Target(8, 80),)
    assert len(pauses) == 3
    assert said == ["waiting for a process that matches -n 'shop'"]


def test_waiting_takes_a_name(processes: Processes) -> None:
    with pytest.raises(UsageError, match="--wait needs a name"):
        found("-p", "5", "--wait")
