"""The program cache: what it was given comes back, and nothing else is ever believed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtui.kernel.bpf.toolchain import file_id
from twtui.kernel.compiling import program_cache
from twtui.kernel.compiling.compiled_form import pack_compiled, unpack_compiled
from twtui.kernel.compiling.compiler import Compiled, Section, SlotsMap
from twtui.kernel.compiling.program_cache import MOST_ENTRIES, ProgramCache, cache_directory
from twtui.model.enums import MapKind

KEY = "ab" * 32
MAGIC = b"twtui programs\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(directory: Path) -> ProgramCache:
    return ProgramCache(directory)


@pytest.fixture
def compiled(tmp_path: Path) -> Compiled:
    library = tmp_path / "libbcc.so.0"
    library.write_bytes(b"a library")
    return made_by(library)


def made_by(*libraries: Path) -> Compiled:
    return Compiled(
        MapKind.ARRAY,
        SlotsMap(2, 4, 64, 96, 0, 3, 17),
        b"types",
        {"int": 3, "tw_buffer": 21},
        {"tw_trigger": Section(bytes(range(24)), (0, 2), (40, 41))},
        "0.31.0",
        tuple(map(file_id, libraries)),
    )


@pytest.fixture
def entry(cache: ProgramCache, compiled: Compiled, directory: Path) -> Path:
    """A good entry."""
    cache.store(KEY, compiled)
    assert cache.load(KEY) == compiled
    return directory / KEY


def test_what_was_stored_comes_back(cache: ProgramCache, compiled: Compiled) -> None:
    assert cache.load(KEY) is None
    cache.store(KEY, compiled)
    assert cache.load(KEY) == compiled
    assert cache.load("cd" * 32) is None


def test_nobody_else_may_read_or_write_it(entry: Path) -> None:
    assert entry.parent.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o600


def test_without_a_directory_nothing_is_kept(compiled: Compiled) -> None:
    cache = ProgramCache(None)
    cache.store(KEY, compiled)
    assert cache.load(KEY) is None


def test_a_directory_that_cannot_be_made_is_no_error(tmp_path: Path, compiled: Compiled) -> None:
    (tmp_path / "file").touch()
    cache = ProgramCache(tmp_path / "file" / "cache")
    cache.store(KEY, compiled)
    assert cache.load(KEY) is None


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702, 0o777])
def test_a_directory_in_which_others_have_rights_is_not_used(
    cache: ProgramCache, compiled: Compiled, entry: Path, mode: int
) -> None:
    entry.parent.chmod(mode)
    assert cache.load(KEY) is None
    cache.store("cd" * 32, compiled)
    assert [found.name for found in entry.parent.iterdir()] == [KEY]


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602, 0o666])
def test_an_entry_on_which_others_have_rights_is_refused_and_replaced(
    cache: ProgramCache, compiled: Compiled, entry: Path, mode: int
) -> None:
    entry.chmod(mode)
    assert cache.load(KEY) is None
    cache.store(KEY, compiled)
    assert cache.load(KEY) == compiled


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["entry", "directory"])
def test_what_belongs_to_another_user_is_refused(
    cache: ProgramCache, entry: Path, which: str
) -> None:
    os.chown(entry if which == "entry" else entry.parent, 12345, 12345)
    assert cache.load(KEY) is None


def test_symbolic_links_are_not_followed(
    cache: ProgramCache, compiled: Compiled, entry: Path, tmp_path: Path
) -> None:
    elsewhere = entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(elsewhere)
    assert cache.load(KEY) is None
    before = elsewhere.read_bytes()
    cache.store(KEY, replace(compiled, bcc="another"))
    assert not entry.is_symlink()
    assert elsewhere.read_bytes() == before

    link = tmp_path / "link"
    link.symlink_to(entry.parent)
    assert ProgramCache(link).load(KEY) is None


def test_a_second_name_is_refused(cache: ProgramCache, entry: Path, tmp_path: Path) -> None:
    (tmp_path / "second").hardlink_to(entry)
    assert cache.load(KEY) is None


def test_what_is_no_file_is_refused(cache: ProgramCache, compiled: Compiled, entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry, 0o600)
    assert cache.load(KEY) is None
    entry.unlink()
    entry.mkdir()
    assert cache.load(KEY) is None
    cache.store(KEY, compiled)
    assert [found.name for found in entry.parent.iterdir()] == [KEY], "nothing half done is left"


def test_an_endless_entry_is_refused(cache: ProgramCache, entry: Path) -> None:
    os.truncate(entry, program_cache.MAX_ENTRY_BYTES + 1)
    assert cache.load(KEY) is None


def test_every_cut_and_every_changed_byte_is_noticed(cache: ProgramCache, entry: Path) -> None:
    good = entry.read_bytes()
    for at in range(len(good)):
        entry.write_bytes(good[:at])
        assert cache.load(KEY) is None
    for at in range(0, len(good), 7):
        entry.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert cache.load(KEY) is None


@pytest.mark.parametrize("change", ["replaced", "rewritten", "gone"])
def test_another_library_makes_it_stale(cache: ProgramCache, tmp_path: Path, change: str) -> None:
    first, second = tmp_path / "libbcc.so.0", tmp_path / "libLLVM.so.1"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    cache.store(KEY, made_by(first, second))
    assert cache.load(KEY)
    if change == "rewritten":
        second.write_bytes(b"3")
    else:
        second.unlink()
    if change == "replaced":
        second.write_bytes(b"2")
    assert cache.load(KEY) is None


def test_what_was_made_while_a_library_changed_is_not_kept(
    cache: ProgramCache, directory: Path
) -> None:
    cache.store(KEY, made_by())
    assert cache.load(KEY) is None
    assert not directory.exists()


def test_the_number_of_entries_is_bounded(
    cache: ProgramCache, compiled: Compiled, directory: Path
) -> None:
    keys = [f"{number:064x}" for number in range(MOST_ENTRIES + 5)]
    for at, key in enumerate(keys[:MOST_ENTRIES]):
        cache.store(key, compiled)
        os.utime(directory / key, (at, at))
    assert cache.load(keys[0])
    for key in keys[MOST_ENTRIES:]:
        cache.store(key, compiled)
    left = {path.name for path in directory.iterdir()}
    assert left == {keys[0], *keys[6:]}, "those that were not used for longest are gone"


def test_what_a_killed_process_left_is_removed_in_time(
    cache: ProgramCache, compiled: Compiled, directory: Path
) -> None:
    cache.store(KEY, compiled)
    old, new, other = (directory / name for name in (f".{'a' * 16}", f".{'b' * 16}", "notes"))
    for path in (old, new, other):
        path.touch()
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    cache.store("cd" * 32, compiled)
    assert not old.exists()
    assert new.exists()
    assert other.exists()


@given(st.binary(max_size=200), st.booleans())
def test_no_garbage_is_believed(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, with_checksum: bool
) -> None:
    directory = tmp_path_factory.mktemp("garbage")
    framed = MAGIC + hashlib.sha256(data).digest() + data if with_checksum else data
    entry = directory / KEY
    entry.touch(0o600)
    entry.write_bytes(framed)
    assert ProgramCache(directory).load(KEY) is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@given(st.sampled_from(["map_kind", "slots", "btf", "btf_ids", "sections", "libraries"]), _json)
def test_a_wrong_field_is_a_value_error(field: str, value: object) -> None:
    import json

    fields = json.loads(pack_compiled(made_by()))
    fields[field] = value
    try:
        found = unpack_compiled(json.dumps(fields).encode())
    except ValueError:
        return
    assert pack_compiled(found)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cache_directory({"HOME": "/home/ada"}) == Path("/var/cache/twtui")
    assert cache_directory({"TWTUI_CACHE_DIR": "/somewhere"}) == Path("/somewhere")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cache_directory({"HOME": "/home/ada"}) == Path("/home/ada/.cache/twtui")
    assert cache_directory({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/twtui")
    assert cache_directory({"XDG_CACHE_HOME": "c", "HOME": "/h"}) == Path("/h/.cache/twtui")
    assert cache_directory({}) is None


@pytest.mark.parametrize(("text", "off"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_it_can_be_turned_off(text: str, off: bool) -> None:
    found = cache_directory({"HOME": "/h", "TWTUI_NO_CACHE": text, "TWTUI_CACHE_DIR": "/c"})
    assert (found is None) == off
