"""Roots by mmdebstrap: each built once for a recipe, and never taken while half done."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from debian import KEYRING, mirror, run

_OPTIONS = (
    "--mode=root",
    f"--keyring={KEYRING}",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    # a machine whose clock is wrong must still be able to test
    '--aptopt=Acquire::Check-Valid-Until "false"',
)


def bootstrap(
    suite: str, tree: Path, variant: str, packages: Sequence[str], log: Path, *options: str
) -> None:
    """A Debian of one release in a folder that is not there yet.

    Args:
        suite: Debian's name of the release.
        tree: The folder.
        variant: How much there is beside the packages, as mmdebstrap has it.
        packages: What is installed.
        log: Where the output goes.
        options: More of mmdebstrap's.

    Raises:
        MatrixError: It could not be built.
    """
    # in a mount namespace of its own: whatever happens to it, nothing stays mounted
    words: list[str | Path] = [
        "unshare", "--mount", "--propagation", "private",
        "mmdebstrap", *_OPTIONS, f"--variant={variant}", *options,
        f"--include={','.join(packages)}", suite, tree, mirror(),
    ]  # fmt: skip
    run(words, log)


def built_once(
    roots: Path, suite: str, recipe: object, build: Callable[[Path], None], fresh: bool
) -> tuple[Path, str]:
    """The folder of a root; any of another recipe is removed.

    Args:
        roots: The folder of roots.
        suite: What the root is of.
        recipe: All that makes it what it is, as JSON has it.
        build: Builds it in a folder that is not there yet.
        fresh: Build it anew.

    Returns:
        The folder, and how it was had, in words.

    Raises:
        MatrixError: It could not be built.
    """
    digest = hashlib.sha256(json.dumps([_OPTIONS, recipe]).encode()).hexdigest()[:12]
    folder = roots / f"{suite}-{digest}"
    if folder.exists() and not fresh:
        return folder, "kept"
    started_s = time.monotonic()
    partial = roots / f"{suite}.part"
    for old in (*roots.glob(f"{suite}-*"), partial):
        shutil.rmtree(old, ignore_errors=True)
    roots.mkdir(parents=True, exist_ok=True)
    build(partial)
    partial.rename(folder)
    return folder, f"built in {time.monotonic() - started_s:.0f} s"
