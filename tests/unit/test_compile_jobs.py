"""The compiler's processes: what goes wrong in one is told, with its words, and never only by its death."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

import pytest

from twtui.errors import CompileError
from twtui.kernel.compiling import compile_jobs
from twtui.kernel.compiling.compile_jobs import CompileJob, compile_side_by_side
from twtui.model.enums import MapKind

JOB = CompileJob(MapKind.HASH, (), ("tw_trigger",))
IMPORT = "from twtui.kernel.compiling.compiler import import_bcc; print(import_bcc().__version__)"


def import_stand_in(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Import a module that stands in for BCC, with every warning an error."""
    (tmp_path / "bcc.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip


def test_a_bcc_that_warns_while_it_is_imported_is_taken(tmp_path: Path) -> None:
    code = "import warnings; warnings.warn('old', DeprecationWarning); __version__ = '1'; BPF = 1"
    done = import_stand_in(tmp_path, code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("code", ["import missing", "raise OSError('no libbcc')", "a b", "1 / 0"])
def test_a_bcc_that_cannot_be_imported_is_not_there(tmp_path: Path, code: str) -> None:
    done = import_stand_in(tmp_path, code)
    assert done.returncode == 1
    assert "UnsupportedError: BCC is not there: " in done.stderr


def test_a_fault_of_ours_in_a_compilers_process_is_in_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(compile_jobs, "import_bcc", lambda: None)
    monkeypatch.setattr(compile_jobs, "compile_module", fail)
    with pytest.raises(CompileError, match="the compiler died on the hash programs") as caught:
        compile_side_by_side([JOB])
    assert "RuntimeError: a fault of ours" in caught.value.log


def test_a_compiler_that_is_killed_is_told_by_the_programs_it_was_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compile_jobs, "import_bcc", lambda: None)
    monkeypatch.setattr(compile_jobs, "compile_module", lambda *_: os.kill(os.getpid(), SIGKILL))
    with pytest.raises(CompileError, match="the compiler died on the hash programs"):
        compile_side_by_side([JOB])
