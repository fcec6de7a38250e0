"""What is shipped holds the C sources and the demo's recording, byte for byte, however it was built."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from twtui.model.enums import Mode
from twtui.recorded import final_snapshot
from twtui.recording import Recording

ROOT = Path(__file__).parents[2]
DEMO = Path("twtui/_data/demo.twtui")


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
    assert (to / DEMO).read_bytes() == (ROOT / DEMO).read_bytes()
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


def test_the_recording_of_the_demo_is_small_whole_and_says_nothing_of_where_it_was_made() -> None:
    content = (ROOT / DEMO).read_bytes()
    assert len(content) < 300_000
    for name in (os.uname().nodename, str(ROOT), str(Path.home()), "/tmp/", "python3"):
        assert len(name) < 5 or name.encode() not in content, name
    with Recording(ROOT / DEMO) as recording:
        assert recording.whole
        assert (recording.meta.host, recording.meta.argv) == ("", ("twtui", "demo"))
        assert recording.meta.info.name == "live"
        assert set(recording.meta.info.kernel) <= set("0123456789.")
        final = final_snapshot(recording)
    assert not final.broken
    assert {row.row[1] for row in final.rows} == set(Mode)
    assert final.total.rescued > 100
