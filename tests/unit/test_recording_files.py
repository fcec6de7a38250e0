"""The file of a recording: who may read it, whose it is, and what it never replaces."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from twtui.commands.recorded import top_values
from twtui.errors import TwtuiError, UsageError
from twtui.model.batch import Batch
from twtui.model.redaction import Redaction
from twtui.model.snapshot import BackendInfo
from twtui.recording import Options, Recorder, Recording, ownership

from .recordings import record_demo, recorded_demo, replayed
from .support import event, plan, records


def test_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        recorded_demo(tmp_path / "a")
    finally:
        os.umask(old)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_under_sudo_it_belongs_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    monkeypatch.setenv("SUDO_GID", "65533")
    # one directory is root's alone, the other anybody's
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and "pytest" in parent.name:
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    for path in (tmp_path / "a", tmp_path / "open" / "a"):
        recorder = Recorder(plan())
        recorder.start(path, BackendInfo("live"))
        beside = [side for side in ownership.beside(path) if side.exists()]
        assert beside
        for name in (path, *beside):
            assert (name.stat().st_uid, name.stat().st_gid) == (65534, 65533)
        recorder.observe(Batch(1), [])
        recorder.stop()
        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)
    assert os.geteuid() == 0


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def a_link_beside(path: Path) -> None:
    path.with_name(path.name + "-wal").symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("put", "words", "with_force"),
    [
        (lambda path: path.write_text("mine"), "exists", True),
        (lambda path: path.with_name("a-wal").write_text("mine"), "a-wal exists", True),
        (a_link, "symbolic link", False),
        (a_link_beside, "symbolic link", False),
        (Path.mkdir, "not a regular file", False),
        (os.mkfifo, "not a regular file", False),
    ],
)
def test_nothing_is_overwritten(
    tmp_path: Path, put: Callable[[Path], object], words: str, with_force: bool
) -> None:
    put(tmp_path / "a")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(UsageError, match=words):
        Recorder(plan()).start(tmp_path / "a", None)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    recorder = Recorder(plan())
    if with_force:
        recorder.start(tmp_path / "a", None, Options(force=True))
        recorder.stop()
        assert Recording(tmp_path / "a").batch_count == 0
    else:
        with pytest.raises(UsageError, match=words):
            recorder.start(tmp_path / "a", None, Options(force=True))
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TwtuiError, match="cannot write"):
        Recorder(plan()).start(tmp_path / "no" / "a", None)


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None)
    recorder.discard()
    assert list(tmp_path.iterdir()) == []
    assert recorder.state is None


def test_without_data_none_of_it_is_in_the_file(tmp_path: Path) -> None:
    record_demo(tmp_path / "full")
    record_demo(tmp_path / "a", options=Options(with_data=False))
    assert b"nginx.conf" in (tmp_path / "full").read_bytes()
    assert b"nginx.conf" not in (tmp_path / "a").read_bytes()
    one, other = replayed(tmp_path / "full"), replayed(tmp_path / "a")
    assert [len(item.data) for item in one.events] == [item.length for item in other.events]
    assert {item.data for item in other.events} == {b""}
    assert one.total == other.total
    assert top_values(Recording(tmp_path / "a")) == ()


def test_what_is_redacted_never_reaches_the_disk(tmp_path: Path) -> None:
    recorder = Recorder(plan())
    recorder.start(tmp_path / "a", None, Options(redaction=Redaction(r"token=\w+|ö")))
    captures = {0: ("sample", "str(arg2)"), 1: ("sample", "u64(sp)"), 2: ("sample", "python")}
    number = int.from_bytes(b"token=ab", "little")
    events = [
        event(0, data=b"GET /?token=s3cret&x=1 \xc3\xb6\0"),
        event(1, capture=1, data=b"token=ab"),
        event(2, data=b"nothing of it"),
    ]
    recorder.observe(Batch(1, records(events), captures=captures), events)
    seen = (tmp_path / "a").read_bytes() + (tmp_path / "a-wal").read_bytes()
    assert b"s3cret" not in seen
    recorder.stop()
    assert b"s3cret" not in (tmp_path / "a").read_bytes()
    found = [item.data for item in replayed(tmp_path / "a").events]
    assert found[0] == b"GET /?" + b"*" * 12 + b"&x=1 **\0"
    assert int.from_bytes(found[1], "little") == number
    assert found[2] == b"nothing of it"


def test_a_bad_redaction_is_refused() -> None:
    with pytest.raises(UsageError, match="regular expression"):
        Redaction("(")
