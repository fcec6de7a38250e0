"""Files that are made for the caller: never through a link, never over another, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from twtui.errors import TwtuiError, UsageError
from twtui.recording import ownership


def made(directory: Path) -> Path:
    path = ownership.new_file(directory, "run")
    path.write_text("whole")
    return path


def without_links(*_: object, **__: object) -> NoReturn:
    raise PermissionError(1, "Operation not permitted")


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert made(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("links", [True, False])
def test_a_finished_file_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    ownership.publish(made(tmp_path), tmp_path / "run", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run").read_text() == "whole"


@pytest.mark.parametrize("links", [True, False])
def test_it_never_replaces_what_came_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", without_links)
    new = made(tmp_path)
    (tmp_path / "run").write_text("another's")
    with pytest.raises(UsageError, match="exists") as raised:
        ownership.publish(new, tmp_path / "run", force=False)
    assert "--force" in raised.value.hint
    assert (tmp_path / "run").read_text() == "another's"
    ownership.publish(new, tmp_path / "run", force=True)
    assert (tmp_path / "run").read_text() == "whole"


def test_what_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "link": "symbolic link",
        "pipe": "not a regular file",
        "target": "exists",
    }.items():
        with pytest.raises(UsageError, match=why):
            ownership.refuse_existing(tmp_path / name, force=False, with_side_files=False)
    ownership.refuse_existing(tmp_path / "target", force=True, with_side_files=False)
    (tmp_path / "new-wal").symlink_to("target")
    with pytest.raises(UsageError, match="new-wal is a symbolic link"):
        ownership.refuse_existing(tmp_path / "new", force=True, with_side_files=True)
    with pytest.raises(TwtuiError, match=r"cannot write .*: Not a directory"):
        ownership.refuse_existing(tmp_path / "target/x", force=False, with_side_files=False)
