"""What is shipped holds the C sources, the demo's recording, manual and completions, byte for byte."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from twtui import __version__
from twtui.commands.recorded import final_snapshot
from twtui.invoker import invoker
from twtui.model.enums import Mode
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


@pytest.fixture(scope="module")
def wheels(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel, once built from the checkout, once from the source distribution."""
    found = {}
    for name, project in {"checkout": ROOT, "sdist": sdist}.items():
        to = tmp_path_factory.mktemp("wheel")
        (built,) = WheelBuilder(str(project)).build(directory=str(to), versions=["standard"])
        found[name] = Path(built)
    return found


@pytest.fixture(scope="module")
def wheel(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    to = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheels["checkout"]) as packed:
        packed.extractall(to)
    return to


def test_the_source_distribution_makes_the_same_wheel(wheels: dict[str, Path]) -> None:
    assert wheels["sdist"].read_bytes() == wheels["checkout"].read_bytes()


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


def test_the_sdist_has_nothing_that_is_not_in_the_repository(sdist: Path) -> None:
    """No caches, no environment, no leftovers of builds or of coverage."""
    tracked = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "-C",
            ROOT,
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode:
        pytest.skip("this is no git checkout")
    added = {"PKG-INFO"}
    assert set(content(sdist)) - added <= set(tracked.stdout.split("\0"))
    assert set(content(sdist)).issuperset(
        ("CONTRIBUTING.md", "SECURITY.md", ".pre-commit-config.yaml")
    )


def test_both_are_small(sdist: Path, wheels: dict[str, Path]) -> None:
    assert wheels["checkout"].stat().st_size < 1 << 20
    # three quarters are the pictures that the tests of the screens compare with
    assert sum(len(data) for data in content(sdist).values()) < 8 << 20


def test_the_wheel_reads_recordings_where_there_is_neither_bcc_nor_a_screen(wheel: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(wheel)!r})
sys.modules.update(bcc=None, textual=None, psutil=None)
from twtui import cli
assert cli.__file__.startswith({str(wheel)!r})
sys.exit(cli.main())
"""
    for words in (["report"], ["export", "-f", "csv"], ["diff", wheel / DEMO]):
        done = subprocess.run(
            [sys.executable, "-I", "-c", program, *words, wheel / DEMO],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "sample" in done.stdout or "emitted" in done.stdout


@pytest.mark.parametrize("name", ["textual", "psutil"])
def test_dependencies_are_locked_with_hashes(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    entry = lock[lock.index(f"\n{name}==") :]
    assert "--hash=sha256:" in entry.split("    # via")[0]
    assert "\nbcc==" not in lock


def test_the_recording_of_the_demo_is_small_whole_and_says_nothing_of_where_it_was_made() -> None:
    data = (ROOT / DEMO).read_bytes()
    assert len(data) < 300_000
    for name in (os.uname().nodename, str(ROOT), invoker({}).home, "/tmp/", "python3"):
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
