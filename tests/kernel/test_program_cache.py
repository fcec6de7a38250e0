"""The second start takes its programs from the cache, runs the same, and never runs stale ones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_harness import Run, TargetProcess, plan_for

from twtui.kernel.bpf.btf import kernel_btf
from twtui.kernel.compiling import source
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.kernel.compiling.compiler import Compiled
from twtui.kernel.compiling.program_cache import ProgramCache
from twtui.kernel.run import program
from twtui.kernel.run.program import Sizes, compile_modules
from twtui.model.enums import MapKind, Mode

CALLS = 40


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("TWTUI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[MapKind]:
    """The map kinds that were compiled, in this process."""
    found: list[MapKind] = []

    def counted(jobs: list[CompileJob]) -> list[Compiled]:
        found.extend(job.map_kind for job in jobs)
        return compile_side_by_side(jobs)

    monkeypatch.setattr(program, "compile_side_by_side", counted)
    return found


def has_mapped(pid: int, library: str) -> bool:
    return library in Path(f"/proc/{pid}/maps").read_text()


def test_the_second_start_gives_the_same_without_bcc(
    start_target: Callable[..., TargetProcess], directory: Path
) -> None:
    seen = []
    for _ in range(2):
        target = start_target("call", 1, CALLS, text="kept on disk")
        plan = plan_for(
            target,
            trigger="syscall:getppid:exit",
            capture=f"str({target.address:#x})",
            mode=Mode.SIGNAL,
        )
        with Run(plan) as run:
            assert not has_mapped(run.backend.kernel_pid, "libLLVM")
            assert not has_mapped(run.backend.kernel_pid, "libbcc")
            target.tell()
            target.wait_done()
            run.until(lambda ledger: sum(row.completed for row in ledger.values()) == 3 * CALLS)
            ledger = run.finish()
        events = [(e.map_kind, e.mode, e.data, e.result, e.flags) for e in run.events]
        counted = {row: (c.fired, c.scheduled, c.completed, c.read_ok) for row, c in ledger.items()}
        seen.append((sorted(events), counted, run.info.bcc))
        if len(seen) == 1:
            entries = {path: path.stat().st_ino for path in directory.iterdir()}
    first, second = seen
    assert first == second
    assert len(first[0]) == 3 * CALLS
    assert first[2][0].isdecimal()
    assert {path: path.stat().st_ino for path in directory.iterdir()} == entries, (
        "not written again"
    )
    assert len(entries) == 3


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the BPF sources, which is the one that is compiled."""
    copy = tmp_path / "bpf"
    shutil.copytree(source.bpf_directory(), copy)
    for module in ("compiler", "compile_jobs", "cache_key"):
        monkeypatch.setattr(f"twtui.kernel.compiling.{module}.bpf_directory", lambda: copy)
    return copy


def compiled(cache: ProgramCache, *kinds: MapKind) -> list[MapKind]:
    """Take the programs of some map kinds; those that came."""
    modules = compile_modules(kernel_btf(), kinds, Sizes(64, 64), cache)
    for module in modules.values():
        assert module.sections["tw_trigger"].code
        module.close()
    return list(modules)


def test_a_changed_source_is_compiled_again(
    directory: Path, sources: Path, compiles: list[MapKind]
) -> None:
    cache = ProgramCache(directory)
    for _ in range(2):
        compiled(cache, MapKind.HASH)
    assert compiles == [MapKind.HASH]
    header = sources / "twtui.h"
    header.write_bytes(header.read_bytes() + b"\n")
    for _ in range(2):
        compiled(cache, MapKind.HASH)
    assert compiles == [MapKind.HASH] * 2


def test_only_the_map_kinds_that_are_missing_are_compiled(
    directory: Path, compiles: list[MapKind]
) -> None:
    cache = ProgramCache(directory)
    for kinds in ((MapKind.LRU_HASH,), tuple(MapKind)):
        assert compiled(cache, *kinds) == list(kinds)
    assert compiles == [MapKind.LRU_HASH, MapKind.HASH, MapKind.ARRAY]


def test_a_source_that_changes_while_it_is_compiled_is_not_kept(
    directory: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(jobs: list[CompileJob]) -> list[Compiled]:
        made = compile_side_by_side(jobs)
        with (sources / "sweep.h").open("a") as file:
            file.write("\n")
        return made

    monkeypatch.setattr(program, "compile_side_by_side", changed)
    assert compiled(ProgramCache(directory), MapKind.HASH)
    assert not directory.exists()


def test_it_can_be_turned_off(
    start_target: Callable[..., TargetProcess], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWTUI_NO_CACHE", "1")
    with Run(plan_for(start_target("spin", 1), map_kinds=(MapKind.HASH,))) as run:
        run.finish()
    assert not directory.exists()


def test_an_entry_of_another_user_is_replaced(
    start_target: Callable[..., TargetProcess], directory: Path
) -> None:
    plan = plan_for(start_target("spin", 1), map_kinds=(MapKind.HASH,))
    with Run(plan) as run:
        run.finish()
    (entry,) = directory.iterdir()
    os.chown(entry, 12345, 12345)
    entry.write_bytes(b"run this")
    with Run(plan) as run:
        run.finish()
    (entry,) = directory.iterdir()
    assert entry.stat().st_uid == os.geteuid()
    assert entry.read_bytes().startswith(b"twtui programs\n")
