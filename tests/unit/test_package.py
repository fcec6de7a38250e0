"""What is shipped holds the C sources, byte for byte, however it was built."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


def sources(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.suffix in {".c", ".h"}
    }


def wheel_sources(project: Path, to: Path) -> dict[str, bytes]:
    (built,) = WheelBuilder(str(project)).build(directory=str(to), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        wheel.extractall(to)
    return sources(to / "twtui" / "_bpf")


def test_wheel_has_the_c_sources(tmp_path: Path) -> None:
    assert wheel_sources(ROOT, tmp_path) == sources(ROOT / "bpf")


def test_wheel_built_from_the_sdist_has_them_too(tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    subprocess.run(["tar", "-xf", built, "-C", tmp_path], check=True)
    (project,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert wheel_sources(project, tmp_path / "wheel") == sources(ROOT / "bpf")


@pytest.mark.parametrize("name", ["textual", "psutil"])
def test_dependencies_are_locked_with_hashes(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entry = lock[lock.index(f"\n{name}==") :]
    assert "--hash=sha256:" in entry.split("    # via")[0]
    assert "\nbcc==" not in lock
