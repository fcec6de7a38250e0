"""The key of a compiled module: the same for the same, and another as soon as anything differs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from twtui.errors import UnsupportedError
from twtui.kernel.bpf import toolchain
from twtui.kernel.bpf.toolchain import are_unchanged, file_id, mapped_libraries
from twtui.kernel.compiling import cache_key
from twtui.kernel.compiling.cache_key import cache_keys
from twtui.kernel.compiling.compile_jobs import CompileJob
from twtui.kernel.compiling.source import bpf_directory
from twtui.model.enums import MapKind

JOB = CompileJob(MapKind.HASH, ("-DTW_DATA_BYTES=256",), ("tw_trigger",))


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources, a BCC and a loader's cache that a test may change."""
    shutil.copytree(bpf_directory(), tmp_path / "bpf")
    shutil.copytree(Path(cache_key.__file__).parent, tmp_path / "kernel")
    (tmp_path / "bcc").mkdir()
    for name in ("__init__.py", "version.py"):
        (tmp_path / "bcc" / name).write_text("# BCC")
    (tmp_path / "ld.so.cache").write_bytes(b"libraries")
    monkeypatch.setattr(cache_key, "bpf_directory", lambda: tmp_path / "bpf")
    monkeypatch.setattr(cache_key, "__file__", str(tmp_path / "kernel" / "cache_key.py"))
    monkeypatch.setattr(
        toolchain, "find_spec", lambda _: SimpleNamespace(origin=str(tmp_path / "bcc/__init__.py"))
    )
    monkeypatch.setattr(toolchain, "_LOADER_CACHE", tmp_path / "ld.so.cache")
    return tmp_path


def key_of(job: CompileJob = JOB, kernel_types: str = "types") -> str:
    (found,) = cache_keys([job], kernel_types)
    return found


def test_the_same_is_the_same() -> None:
    assert key_of() == key_of()
    assert len(key_of()) == 64


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, map_kind=MapKind.ARRAY),
        replace(JOB, defines=("-DTW_DATA_BYTES=257",)),
        replace(JOB, defines=(*JOB.defines, "-DTW_STACKS")),
        replace(JOB, programs=("tw_trigger", "tw_sweep")),
        replace(JOB, sources=(bpf_directory() / "hash.c",)),
    ],
)
def test_every_part_of_a_job_counts(job: CompileJob) -> None:
    assert key_of(job) != key_of()


def test_each_job_has_its_own() -> None:
    jobs = [replace(JOB, map_kind=kind) for kind in MapKind]
    assert len(set(cache_keys(jobs, "types"))) == 3


def test_every_byte_of_every_source_counts(machine: Path) -> None:
    seen = {key_of()}
    sources = [path for path in (machine / "bpf").rglob("*") if path.is_file()]
    assert len(sources) > 15
    for path in sources:
        path.write_bytes(path.read_bytes() + b" ")
        seen.add(key_of())
    assert len(seen) == len(sources) + 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda at: (at / "bpf/new.h").touch(), id="a new source"),
        pytest.param(lambda at: (at / "bpf/array.c").unlink(), id="a source less"),
        pytest.param(lambda at: (at / "bcc/version.py").write_text("# new"), id="BCC's version"),
        pytest.param(lambda at: (at / "bcc/more.py").touch(), id="a new file of BCC"),
        pytest.param(lambda at: os.utime(at / "bcc/__init__.py"), id="BCC installed again"),
        pytest.param(lambda at: (at / "ld.so.cache").write_text("other"), id="other libraries"),
        pytest.param(lambda at: (at / "ld.so.cache").unlink(), id="no cache of the loader"),
        pytest.param(lambda at: (at / "kernel/linker.py").write_text(""), id="our own code"),
    ],
)
def test_every_file_counts(machine: Path, change: Callable[[Path], None]) -> None:
    before = key_of()
    change(machine)
    assert key_of() != before


@pytest.mark.parametrize("name", ["LD_LIBRARY_PATH", "LD_PRELOAD", "CPATH", "BCC_PROBE"])
def test_the_environment_of_the_compiler_counts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name, raising=False)
    before = key_of()
    monkeypatch.setenv(name, "/elsewhere")
    assert key_of() != before


def test_what_we_set_ourselves_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of()
    monkeypatch.setenv("BCC_KERNEL_SOURCE", "/elsewhere")
    assert key_of() == before


def test_the_kernel_and_our_version_count(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {key_of(), key_of(kernel_types="other types")}
    known = os.uname()
    for number in range(5):
        parts = [*known]
        parts[number] += "x"
        monkeypatch.setattr(os, "uname", lambda parts=parts: tuple(parts))
        seen.add(key_of())
    # neither the kernel's name nor the host's
    assert len(seen) == 5
    monkeypatch.setattr(cache_key, "__version__", "99")
    assert key_of() not in seen


def test_without_bcc_there_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "find_spec", lambda _: None)
    with pytest.raises(UnsupportedError, match="BCC is not there"):
        key_of()


def test_the_libraries_of_this_process() -> None:
    found = mapped_libraries()
    assert any("libc.so" in path for path, *_ in found)
    assert are_unchanged(found)


def test_a_library_that_was_replaced_while_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([["/etc/passwd"], ["/etc/passwd (deleted)"]])
    monkeypatch.setattr(toolchain, "_library_paths", lambda: next(looks))
    assert mapped_libraries() == []


def test_a_file_is_the_same_until_it_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "lib.so"
    file.touch()
    known = [file_id(file)]
    assert are_unchanged(known)
    os.utime(file, ns=(0, known[0][3]))  # the same mtime: only the ctime tells
    assert not are_unchanged(known)
