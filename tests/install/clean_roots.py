"""Clean roots: a Debian of each release with nothing but make and git, as a newcomer's machine is."""

from __future__ import annotations

import shutil
from pathlib import Path

from bootstrap import bootstrap, built_once

_PACKAGES = ("make", "git")
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
    log.write_text("")
    tree, how = built_once(
        cache,
        suite,
        _PACKAGES,
        lambda to: bootstrap(suite, to, "minbase", _PACKAGES, log),
        fresh,
    )
    for name in _OF_THIS_MACHINE:
        _copy(Path("/") / name, tree / name)
    return tree, how


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, dirs_exist_ok=True)
    elif source.exists():
        to.unlink(missing_ok=True)
        shutil.copy(source, to)
