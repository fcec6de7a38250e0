"""Clean roots: a Debian of each release with nothing but make and git, as a newcomer's machine is."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path

from debian import KEYRING, mirror, run

_PACKAGES = ("make", "git")
_OPTIONS = (
    "--mode=root",
    "--variant=minbase",
    f"--keyring={KEYRING}",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    # a machine whose clock is wrong must still be able to test
    '--aptopt=Acquire::Check-Valid-Until "false"',
)
_OF_THIS_MACHINE = ("etc/resolv.conf", "etc/hosts", "usr/local/share/ca-certificates")
"""Without these there may be no network in a root: names, and the certificates of a proxy."""


def prepare_clean_root(suite: str, cache: Path, log: Path, fresh: bool = False) -> tuple[Path, str]:
    """The root of one release, built where there is none of this recipe.

    Args:
        suite: Debian's name of the release.
        cache: The folder of roots.
        log: Where the build's output goes.
        fresh: Build it anew.

    Returns:
        The tree, and how it was had, in words.

    Raises:
        MatrixError: It could not be built.
    """
    recipe = hashlib.sha256(json.dumps([_PACKAGES, _OPTIONS]).encode()).hexdigest()[:12]
    tree = cache / f"{suite}-{recipe}"
    started_s = time.monotonic()
    how = "kept"
    if fresh or not tree.exists():
        # nothing half done is ever taken for a root
        partial = cache / f"{suite}.part"
        for old in (*cache.glob(f"{suite}-*"), partial):
            shutil.rmtree(old, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        # in a mount namespace of its own: whatever happens to it, nothing stays mounted
        words: list[str | Path] = [
            "unshare", "--mount", "--propagation", "private",
            "mmdebstrap", *_OPTIONS, f"--include={','.join(_PACKAGES)}", suite, partial, mirror(),
        ]  # fmt: skip
        run(words, log)
        partial.rename(tree)
        how = f"built in {time.monotonic() - started_s:.0f} s"
    for name in _OF_THIS_MACHINE:
        _copy(Path("/") / name, tree / name)
    return tree, how


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True)
    elif source.exists():
        to.unlink(missing_ok=True)
        shutil.copy(source, to)
