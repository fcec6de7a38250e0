"""Debian's mirror: which kernels it offers at this moment, and their images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MIRROR_VARIABLE = "TWTUI_MATRIX_MIRROR"
_DEFAULT_MIRROR = "http://deb.debian.org/debian"
_KERNEL_SUITES = (
    "bookworm", "bookworm-backports", "trixie", "trixie-backports", "forky", "sid",
)  # fmt: skip
_FLAVOUR = "cloud-amd64"
"""The smallest of Debian's kernels; everything that twtui needs is built in."""
_PACKAGE = re.compile(rf"linux-(?:binary|image)-(\d\S*-{_FLAVOUR})$")


class MatrixError(Exception):
    """The matrix cannot be run, or a part of it could not be made."""


def run(
    words: Sequence[str | Path], log: Path | None = None, environ: Mapping[str, str] | None = None
) -> str:
    """Run a program; its output goes into a log, or is returned.

    Raises:
        MatrixError: It failed.
    """
    output = ""
    variables = {**os.environ, **(environ or {})}
    try:
        if log is None:
            done = subprocess.run(words, capture_output=True, text=True, env=variables)
            output = done.stdout
        else:
            with log.open("ab") as stream:
                done = subprocess.run(words, stdout=stream, stderr=stream, text=True, env=variables)
    except FileNotFoundError:
        raise MatrixError(f"{words[0]} is not installed") from None
    if done.returncode:
        said = f"see {log}" if log else done.stderr.strip().rpartition("\n")[2]
        raise MatrixError(f"{words[0]} ended with exit code {done.returncode}: {said}")
    return output


def mirror() -> str:
    """The mirror that this machine uses for Debian itself, or the one everybody has."""
    if named := os.environ.get(_MIRROR_VARIABLE):
        return named
    try:
        places = run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)",
             "Created-By: Packages", "Label: Debian"]
        )  # fmt: skip
    except MatrixError:
        places = ""
    return next(iter(places.split()), _DEFAULT_MIRROR).rstrip("/")


class KernelShelf:
    """The kernels of the mirror; those that were fetched are kept.

    Args:
        cache: The matrix's folder.
    """

    def __init__(self, cache: Path) -> None:
        self._kernels = cache / "kernels"
        self._apt = cache / "apt"
        self._environ = {"APT_CONFIG": str(self._apt / "apt.conf")}

    def update(self) -> None:
        """Read the mirror's lists, with a state of apt's that is nobody else's.

        Raises:
            MatrixError: The mirror does not answer.
        """
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (self._apt / folder).mkdir(parents=True, exist_ok=True)
        sources = [
            f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n" for suite in _KERNEL_SUITES
        ]
        (self._apt / "sources.list").write_text("".join(sources))
        (self._apt / "apt.conf").write_text(
            f'Dir::State "{self._apt}/state"; Dir::State::status "/dev/null";\n'
            f'Dir::Cache "{self._apt}/cache"; Dir::Etc::sourceparts "/dev/null";\n'
            f'Dir::Etc::sourcelist "{self._apt}/sources.list"; APT::Sandbox::User "root";\n'
            # a machine whose clock is wrong must still be able to test
            'Acquire::Languages "none"; Acquire::Check-Valid-Until "false";\n'
        )
        run(["apt-get", "update", "-qq"], environ=self._environ)

    def offered(self) -> list[str]:
        """Releases, such as ``6.18.15+deb13-cloud-amd64``."""
        names = run(["apt-cache", "pkgnames", "linux-"], environ=self._environ).split()
        return sorted({found[1] for name in names if (found := _PACKAGE.match(name))})

    def kept(self) -> list[str]:
        """Releases that are here already."""
        return sorted(path.parent.name for path in self._kernels.glob("*/vmlinuz"))

    def image(self, release: str) -> Path:
        """The kernel's image, fetched where it is not here yet.

        Raises:
            MatrixError: It cannot be had.
        """
        image = self._kernels / release / "vmlinuz"
        if not image.exists():
            self._fetch(release, image)
        return image

    def _fetch(self, release: str, image: Path) -> None:
        # up to 6.18 the image's package has it; later ones have it in a package of its own
        names = run(["apt-cache", "pkgnames", "linux-"], environ=self._environ).split()
        package = f"linux-binary-{release}"
        if package not in names:
            package = f"linux-image-{release}"
        with tempfile.TemporaryDirectory() as folder:
            run(
                ["sh", "-c", 'cd "$0" && exec apt-get download -qq "$1"', folder, package],
                environ=self._environ,
            )
            (archive,) = Path(folder).glob("*.deb")
            image.parent.mkdir(parents=True, exist_ok=True)
            _unpack_image(archive, release, image)


def _unpack_image(archive: Path, release: str, image: Path) -> None:
    # from 7.2 on it lies beside the modules
    places = {f"./boot/vmlinuz-{release}", f"./usr/lib/modules/{release}/vmlinuz"}
    partial = image.with_suffix(".part")
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as unpack,
        tarfile.open(fileobj=unpack.stdout, mode="r|") as files,
    ):
        for member in files:
            found = files.extractfile(member) if member.name in places else None
            if found is None:
                continue
            with partial.open("wb") as stream:
                shutil.copyfileobj(found, stream)
    if not partial.exists():
        raise MatrixError(f"{archive.name} holds no kernel")
    partial.rename(image)
