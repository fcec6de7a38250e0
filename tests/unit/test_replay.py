"""Playing a recording: pace, pause, step, seek; always what a fold of the same batches gives."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from twtui.backend.replay import ReplayBackend
from twtui.engine import Engine
from twtui.errors import TwtuiError, UsageError
from twtui.model.enums import Mode, RunState
from twtui.model.plan import Command, Probe, SetMode, Stop
from twtui.model.playback import Play, Playback, Seek, SetSpeed, Step
from twtui.model.snapshot import Snapshot
from twtui.recording import Options, Recorder

from .recordings import record_demo
from .support import SECOND, FakeClock, plan

LENGTH_S = 8.05


class Player:
    """A recording on a fake clock, under an engine."""

    def __init__(self, path: Path, **options: object) -> None:
        self.clock = FakeClock()
        self.backend = ReplayBackend(path, clock=self.clock, **options)  # type: ignore[arg-type]
        self.snapshots: list[Snapshot] = []
        self.engine = Engine(
            self.backend, self.backend.plan(), self.snapshots.append, clock=self.clock
        )
        self.engine.open()

    @property
    def last(self) -> Snapshot:
        return self.engine.latest

    @property
    def at(self) -> Playback:
        assert self.last.playback is not None
        return self.last.playback

    @property
    def at_s(self) -> float:
        return self.at.at_ns / SECOND

    def run(self, seconds: float) -> None:
        """Let so much time pass, in steps."""
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.05)
            for _ in range(12):
                assert self.engine.step(0)
        self.settle()

    def settle(self) -> None:
        self.clock.advance(0.25)
        self.engine.step(0)

    def send(self, command: Command) -> None:
        self.engine.submit(command)
        self.engine.step(0)
        self.settle()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "run.twtui"
    record_demo(path, seconds=8, commands={80: SetMode(Mode.SIGNAL)})
    return path


@pytest.fixture
def player(path: Path) -> Player:
    return Player(path)


def test_it_says_what_it_is(player: Player) -> None:
    player.run(0.5)
    info = player.last.info
    assert (info.name, info.reason) == ("replay", "run.twtui")
    assert player.at.length_ns == pytest.approx(LENGTH_S * SECOND, abs=SECOND / 10)
    assert (player.at.speed, player.at.playing, player.at.at_end) == (1.0, True, False)


def test_it_plays_as_fast_as_it_happened(player: Player) -> None:
    player.run(2)
    assert player.at_s == pytest.approx(2, abs=0.3)
    early = player.last.events_seen
    player.run(2)
    assert player.last.events_seen == pytest.approx(2 * early, rel=0.2)
    assert not player.last.broken
    assert player.last.elapsed_ns == pytest.approx(player.at.at_ns, abs=SECOND / 2)


def test_faster_and_slower(player: Player) -> None:
    player.send(SetSpeed(4))
    player.run(1)
    assert player.at.speed == 4
    assert 4 <= player.at_s <= 6.5
    place = player.at_s
    player.send(SetSpeed(0.5))
    player.run(1)
    assert player.at_s - place == pytest.approx(0.75, abs=0.3)


@pytest.mark.parametrize("factor", [0, -1, 1001, float("nan")])
def test_a_speed_out_of_range_is_refused(player: Player, factor: float) -> None:
    player.send(SetSpeed(factor))
    assert any("out of range" in note for note in player.last.notes)
    assert player.at.speed == 1


def test_standing_still(player: Player) -> None:
    player.run(1)
    player.send(Play(False))
    place, seen = player.at_s, player.last.events_seen
    player.run(2)
    assert (player.at_s, player.last.events_seen, player.at.playing) == (place, seen, False)
    player.send(Play())
    player.run(1)
    assert player.at.playing
    assert player.at_s == pytest.approx(place + 1, abs=0.5)


def test_it_stays_at_the_end_and_can_go_back(player: Player) -> None:
    player.send(SetSpeed(100))
    player.run(2)
    assert (player.at.at_end, player.at.playing) == (True, False)
    assert player.last.state is RunState.LIVE
    assert any("=" in invariant.name for invariant in player.last.invariants)
    end = player.last
    player.send(Seek(2 * SECOND))
    assert player.at_s == pytest.approx(2, abs=0.5)
    assert player.last.mode is Mode.RESUME
    assert player.last.total.completed < end.total.completed
    assert not player.at.at_end
    player.send(Seek(60 * SECOND))
    assert player.at.at_end
    assert player.last.total == end.total
    assert player.last.events == end.events
    assert player.last.mode is Mode.SIGNAL
    player.send(SetSpeed(1))
    player.send(Play())
    player.run(1)
    assert player.at.playing
    assert player.at_s < 2


def test_a_seek_while_it_plays_goes_on_playing(player: Player) -> None:
    player.run(1)
    player.send(Seek(5 * SECOND))
    player.run(1)
    assert player.at_s == pytest.approx(6.2, abs=0.6)
    assert player.at.playing
    assert not player.last.broken
    player.send(Seek(-5))
    assert player.at_s < 0.8
    player.run(0.5)
    assert not player.last.broken


def test_the_same_place_looks_the_same_however_one_came_there(path: Path) -> None:
    played, sought = Player(path), Player(path)
    played.run(5)
    played.send(Play(False))
    sought.send(Play(False))
    sought.send(Seek(played.at.at_ns))
    assert sought.last.events == played.last.events
    assert sought.last.total == played.last.total
    assert sought.last.latency == played.last.latency
    assert sought.last.captures == played.last.captures
    assert [row.history for row in sought.last.rows] == [row.history for row in played.last.rows]


def test_steps_go_from_one_batch_with_events_to_the_next(player: Player) -> None:
    player.run(1)
    player.send(Step(1))
    assert not player.at.playing
    places, seen = [player.at.at_ns], [player.last.events_seen]
    for _ in range(3):
        player.send(Step(1))
        places.append(player.at.at_ns)
        seen.append(player.last.events_seen)
    assert places == sorted(set(places))
    assert seen == sorted(set(seen))
    for place, number in zip(places[-2::-1], seen[-2::-1], strict=True):
        player.send(Step(-1))
        assert (player.at.at_ns, player.last.events_seen) == (place, number)
    player.send(Step(100_000))
    assert player.at.at_end
    player.send(Step(-100_000))
    assert player.last.events_seen == 0


@pytest.mark.parametrize("command", [SetMode(Mode.SIGNAL), Probe()])
def test_what_is_over_cannot_be_changed(player: Player, command: Command) -> None:
    player.send(command)
    assert any("cannot be changed" in note for note in player.last.notes)
    assert player.last.state is RunState.LIVE


def test_stop_ends_it_with_the_final_ledger(player: Player) -> None:
    player.run(1)
    player.engine.submit(Stop())
    while player.engine.step(0):
        pass
    assert player.last.state is RunState.ENDED
    assert player.last.total.pending == 0
    assert not player.last.broken


def test_as_fast_as_it_can_be_read(path: Path) -> None:
    player = Player(path, speed=None)
    while player.engine.step(0):
        pass
    assert player.last.state is RunState.ENDED
    assert player.last.playback is None
    with pytest.raises(TwtuiError):
        player.backend.poll(0)
    with pytest.raises(UsageError):
        player.backend.send(Play())


def test_a_recording_that_was_cut_off_ends_all_the_same(tmp_path: Path) -> None:
    record_demo(tmp_path / "a", seconds=4, stop_at=40)
    player = Player(tmp_path / "a", speed=None)
    while player.engine.step(0):
        pass
    assert player.last.state is RunState.ENDED
    assert player.engine.failure is None
    player = Player(tmp_path / "a", speed=100.0)
    player.run(1)
    assert player.at.at_end


def test_it_says_that_there_is_no_data(tmp_path: Path) -> None:
    record_demo(tmp_path / "a", seconds=1, options=Options(with_data=False))
    player = Player(tmp_path / "a")
    assert player.engine.latest.info.reason == "a, recorded without data"
    player.send(Seek(SECOND))
    found = player.last.events
    assert any(item.withheld_bytes for item in found)
    assert {item.data for item in found} == {b""}


def test_a_recording_without_a_batch(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None)
    recorder.stop()
    player = Player(tmp_path / "a")
    player.settle()
    assert player.at.at_end
    for command in (Seek(SECOND), Step(1), Step(-1), Play()):
        player.send(command)
    assert player.last.events_seen == 0


def test_waiting_ends_when_the_next_batch_is_due_or_it_is_closed(path: Path) -> None:
    backend = ReplayBackend(path, speed=20.0)
    backend.open(backend.plan())
    batches = [backend.poll(0.2) for _ in range(30)]
    assert any(batch.records for batch in batches)
    assert [b.at_ns for b in batches] == sorted(b.at_ns for b in batches)
    backend.close()
    with pytest.raises(TwtuiError, match="closed"):
        backend.poll(5)


def test_it_needs_neither_bcc_nor_the_kernel_side_nor_a_screen(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from twtui.backend.replay import ReplayBackend;"
        "from twtui.engine import Engine;"
        "b = ReplayBackend(Path(sys.argv[1]), speed=None); e = Engine(b, b.plan(), lambda s: None);"
        "e.open()\nwhile e.step(): pass\n"
        "print(e.latest.events_seen, [m for m in ('bcc', 'twtui.kernel', 'ctypes', 'textual')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen, _, heavy = done.stdout.partition(" ")
    assert int(seen) > 100
    assert heavy.strip() == "[]"


def test_a_jump_may_be_made_before_the_first_batch(player: Player) -> None:
    player.send(Seek(4 * SECOND))
    assert player.at_s == pytest.approx(4, abs=0.5)
    assert replace(player.at, at_ns=0).speed == 1.0
