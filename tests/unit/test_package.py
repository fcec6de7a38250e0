"""What is shipped holds the C sources, the demo's recording, manual and completions, byte for byte."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from twtui import __version__
from twtui.model.enums import Mode
from twtui.recorded import final_snapshot
from twtui.recording import Recording

ROOT = Path(__file__).parents[2]
DEMO = Path("twtui/_data/demo.twtui")


def content(directory: Path, *suffixes: str) -> dict[str, bytes]:
    """Files by their paths in a directory; of these suffixes, or all."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and (not suffixes or path.suffix in suffixes)
    }


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    to = tmp_path_factory.mktemp("sdist")
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(to))
    subprocess.run(["tar", "-xf", built, "-C", to], check=True)
    (project,) = (path for path in to.iterdir() if path.is_dir())
    return project


@pytest.fixture(scope="module", params=["checkout", "sdist"])
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked: once built from the checkout, once from the source distribution."""
    project = ROOT if request.param == "checkout" else request.getfixturevalue("sdist")
    to = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(project)).build(directory=str(to), versions=["standard"])
    with zipfile.ZipFile(built) as packed:
        packed.extractall(to)
    return to


def test_a_wheel_has_the_c_sources_and_the_recording(wheel: Path) -> None:
    assert content(wheel / "twtui/_bpf", ".c", ".h") == content(ROOT / "bpf", ".c", ".h")
    assert (wheel / DEMO).read_bytes() == (ROOT / DEMO).read_bytes()


def test_a_wheel_has_manual_completions_and_example_where_they_are_looked_for(wheel: Path) -> None:
    shared = content(wheel / f"twtui-{__version__}.data/data/share")
    assert shared == content(ROOT / "share")
    assert set(shared) == {
        "man/man8/twtui.8",
        "bash-completion/completions/twtui",
        "zsh/site-functions/_twtui",
        "fish/vendor_completions.d/twtui.fish",
        "doc/twtui/twtui.toml",
    }


def test_a_wheel_says_its_version_and_licence(wheel: Path) -> None:
    facts = wheel / f"twtui-{__version__}.dist-info"
    assert f"\nVersion: {__version__}\n" in (facts / "METADATA").read_text()
    assert (facts / "licenses/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_has_all_that_is_needed_to_go_on_with(sdist: Path) -> None:
    for folder in ("bpf", "share", "scripts", "screenshots"):
        assert content(sdist / folder, ".c", ".h", ".py", ".svg", ".8", ".toml") == content(
            ROOT / folder, ".c", ".h", ".py", ".svg", ".8", ".toml"
        )
    for name in ("Makefile", "README.md", "CHANGELOG.md", "requirements.lock", ".ci/run"):
        assert (sdist / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.parametrize("name", ["textual", "psutil"])
def test_dependencies_are_locked_with_hashes(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entry = lock[lock.index(f"\n{name}==") :]
    assert "--hash=sha256:" in entry.split("    # via")[0]
    assert "\nbcc==" not in lock


def test_the_recording_of_the_demo_is_small_whole_and_says_nothing_of_where_it_was_made() -> None:
    data = (ROOT / DEMO).read_bytes()
    assert len(data) < 300_000
    for name in (os.uname().nodename, str(ROOT), str(Path.home()), "/tmp/", "python3"):
        assert len(name) < 5 or name.encode() not in data, name
    with Recording(ROOT / DEMO) as recording:
        assert recording.whole
        assert (recording.meta.host, recording.meta.argv) == ("", ("twtui", "demo"))
        assert recording.meta.info.name == "live"
        assert set(recording.meta.info.kernel) <= set("0123456789.")
        final = final_snapshot(recording)
    assert not final.broken
    assert {row.row[1] for row in final.rows} == set(Mode)
    assert final.total.rescued > 100
