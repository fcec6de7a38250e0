"""Roots: a small Debian of each release with its BCC, Python and compiler, as a tree and as an initramfs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from bootstrap import bootstrap, built_once
from debian import MatrixError, run

CHECKOUT = Path(__file__).resolve().parents[2]
_PACKAGES = (
    "python3", "python3-bpfcc", "python3-psutil", "bpftool", "gcc", "libc6-dev",
    "mount", "procps", "util-linux",
)  # fmt: skip
_OPTIONS = (
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)
_NOT_FROM_PYPI = ("psutil",)
"""Compiled for one Python; the root has Debian's."""
_TEST_TOOLS = ("pytest", "pytest-asyncio", "iniconfig", "packaging", "pluggy", "pygments")
_WHEELS = "opt/wheels"
JOB = "job"
"""Where a run finds what it tests."""
PATHS = f"/{_WHEELS}\n/{JOB}/site\n"
"""A .pth file and not PYTHONPATH: the kernel process runs isolated and would not see that."""
_TRIMMED = (
    "proc", "sys", "dev", "boot", "var/cache", "var/lib/apt", "var/lib/dpkg", "usr/share/zoneinfo",
    "usr/share/perl", "usr/share/perl5", "usr/share/bpfcc-tools", "usr/lib/apt", "usr/sbin/bpfcc-tools",
)  # fmt: skip
"""What no run needs: it would only fill the guest's memory."""
_TRIMMED_NAMES = ("gconv", "perl-base", "lto1", "*lto-dump*", "lib[alt]san.*", "libubsan.*")


@dataclass(frozen=True, slots=True)
class Root:
    """A root that is ready."""

    suite: str
    tree: Path
    initramfs: Path
    """Of the same files, as the kernel takes it: cpio, not compressed."""
    versions: dict[str, str]
    """Debian's versions of python, bcc and llvm."""


def prepare_root(suite: str, cache: Path, logs: Path, fresh: bool = False) -> tuple[Root, str]:
    """The root of one release, built where there is none of this recipe.

    Args:
        suite: Debian's name of the release.
        cache: The matrix's folder.
        logs: Where the build's output goes.
        fresh: Build it anew.

    Returns:
        The root, and how it was had, in words.

    Raises:
        MatrixError: It could not be built.
    """
    requirements = pinned_requirements(CHECKOUT)
    recipe = [_PACKAGES, _OPTIONS, _TRIMMED, _TRIMMED_NAMES, PATHS, requirements]
    log = logs / f"root-{suite}.log"
    folder, how = built_once(
        cache / "roots", suite, recipe, lambda to: _build(suite, to, requirements, log), fresh
    )
    versions = json.loads((folder / "versions.json").read_text())
    return Root(suite, folder / "tree", folder / "initramfs.cpio", versions), how


def _build(suite: str, folder: Path, requirements: str, log: Path) -> None:
    folder.mkdir(parents=True)
    log.write_text("")
    tree = folder / "tree"
    bootstrap(suite, tree, "essential", _PACKAGES, log, *_OPTIONS)
    _add_wheels(tree, requirements, log)
    (folder / "versions.json").write_text(json.dumps(_versions(tree)))
    _pack(tree, folder / "initramfs.cpio")


def pinned_requirements(checkout: Path) -> str:
    """What the lock files pin, with its hashes, without what is compiled or not needed in a root."""
    text = (checkout / "requirements.lock").read_text()
    blocks = [block for block in _blocks(text) if _name(block) not in _NOT_FROM_PYPI]
    taken = {_name(block) for block in blocks}
    for block in _blocks((checkout / "requirements-dev.lock").read_text()):
        if _name(block) in _TEST_TOOLS and _name(block) not in taken:
            blocks.append(block)
    return "\n".join(blocks) + "\n"


def _blocks(lock: str) -> list[str]:
    """One requirement with its hashes each."""
    blocks: list[list[str]] = []
    for line in lock.splitlines():
        if line and line[0].isalpha():
            blocks.append([line])
        elif blocks and "--hash" in line:
            blocks[-1].append(line)
    return ["\n".join(block).rstrip(" \\") for block in blocks]


def _name(block: str) -> str:
    return block.partition("==")[0]


def _add_wheels(tree: Path, requirements: str, log: Path) -> None:
    """Wheels that suit every Python, compiled by the root's own."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write(requirements)
        listed.flush()
        run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps",
             "--require-hashes", "--no-compile", "--only-binary=:all:", "--platform=any",
             "--implementation=py", "--abi=none", "--target", tree / _WHEELS, "-r", listed.name],
            log,
        )  # fmt: skip
    (tree / "usr/lib/python3/dist-packages/twtui-matrix.pth").write_text(PATHS)
    run(["chroot", tree, "python3", "-m", "compileall", "-q", f"/{_WHEELS}"], log)


def _versions(tree: Path) -> dict[str, str]:
    listed = run(["chroot", tree, "dpkg-query", "-W", "-f", "${Package} ${Version}\n"])
    packages = dict(line.split(" ", 1) for line in listed.splitlines())
    llvm = next((name for name in packages if name.startswith("libllvm")), "")
    return {
        "bcc": packages["python3-bpfcc"],
        "llvm": packages.get(llvm, "unknown"),
        "python": packages["python3"],
    }


def _pack(tree: Path, archive: Path) -> None:
    names = []
    for folder, subfolders, files in os.walk(tree):
        place = Path(folder).relative_to(tree)
        kept = [name for name in (*subfolders, *files) if not _is_trimmed(place / name)]
        names += [str(place / name) for name in kept]
        subfolders[:] = [name for name in subfolders if name in kept]
    pack_cpio(tree, names, archive)


def _is_trimmed(path: Path) -> bool:
    by_name = any(fnmatch(path.name, pattern) for pattern in _TRIMMED_NAMES)
    return by_name or str(path) in _TRIMMED


def pack_cpio(folder: Path, names: list[str], archive: Path) -> None:
    """Pack files of a folder as an initramfs.

    Raises:
        MatrixError: It could not be written.
    """
    with archive.open("wb") as stream:
        done = subprocess.run(
            ["cpio", "--null", "--create", "--format=newc", "--quiet", "--owner=0:0"],
            input="".join(f"{name}\0" for name in sorted(names)).encode(),
            stdout=stream,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
    if done.returncode:
        raise MatrixError(f"cpio: {done.stderr.decode(errors='replace').strip()}")
