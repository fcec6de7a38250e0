"""Tries every way of installing, each in a clean Debian on the running kernel, and prints what came of each.

    make install-check                                all ways
    make install-check ARGS='--only make-run.sid'     this one; may be repeated
    make install-check ARGS=--list                    the names

It tests what is committed. Roots and transcripts are kept where the matrix keeps its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from clean_roots import prepare_clean_root
from debian import MatrixError, run
from install_paths import SHIPPED, SUITES, InstallPath, paths
from matrix import cache_folder, say
from roots import CHECKOUT
from walking import Walked, walk

_ENTER = CHECKOUT / "tests/matrix/enter"
_LINES_OF_A_FAILURE = 40


def parser() -> argparse.ArgumentParser:
    """The words of the command line."""
    found = argparse.ArgumentParser(
        prog="make install-check ARGS=...",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--only", action="append", default=[], choices=[path.name for path in paths()],
        metavar="NAME", help="this way; may be repeated")  # fmt: skip
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
        help="ways at a time (default: one for each CPU)")  # fmt: skip
    add("--list", action="store_true", help="list the names, and end")
    add("--fresh", action="store_true", help="build the roots anew")
    return found


def main(words: Sequence[str]) -> int:
    """Everything: 0 when every way works, 1 when one does not, 2 when nothing could be tried."""
    options = parser().parse_args(words)
    chosen = [path for path in paths() if not options.only or path.name in options.only]
    if options.list:
        print("\n".join(path.name for path in chosen))  # noqa: T201 - what was asked for
        return 0
    try:
        if os.geteuid():
            raise MatrixError("building roots takes root")
        walked = _walk_all(chosen, options)
    except MatrixError as error:
        say(f"installing cannot be tried: {error}")
        return 2
    print(table(walked), end="")  # noqa: T201 - the result
    return int(any(one.problem for one in walked))


def _walk_all(chosen: Sequence[InstallPath], options: argparse.Namespace) -> list[Walked]:
    cache = cache_folder()
    logs = cache / "logs" / "install"
    logs.mkdir(parents=True, exist_ok=True)
    if run(["git", "-C", CHECKOUT, "status", "--porcelain"]):
        say("what is not committed is not tested")
    with tempfile.TemporaryDirectory() as folder:
        shipped = Path(folder)
        _ship(shipped)

        def prepared(suite: str) -> tuple[str, Path]:
            log = logs / f"root-{suite}.log"
            tree, how = prepare_clean_root(suite, cache / "clean-roots", log, options.fresh)
            say(f"root {suite}: {how}")
            return suite, tree

        def one(path: InstallPath) -> Walked:
            with _copy_of(roots[path.suite], shipped) as place:
                walked = walk(path, lambda command: _entering(roots[path.suite], place, command))
            (logs / f"{path.name}.log").write_text(walked.transcript)
            say(f"{path.name}: {walked.problem or 'works'}, {walked.seconds:.0f} s")
            if walked.problem:
                lines = walked.transcript.splitlines()[-_LINES_OF_A_FAILURE:]
                say("\n".join(["its last lines:", *lines]))
            return walked

        with ThreadPoolExecutor(options.jobs) as pool:
            wanted = [suite for suite in SUITES if suite in {path.suite for path in chosen}]
            roots = dict(pool.map(prepared, wanted))
            return list(pool.map(one, chosen))


def _ship(to: Path) -> None:
    """The repository, and the wheel and source distribution made of it."""
    run(["git", "clone", "-q", "--bare", "--no-hardlinks", CHECKOUT, to / "twtui.git"])
    with tempfile.TemporaryDirectory() as folder:
        run(["git", "clone", "-q", to / "twtui.git", folder])
        build = 'cd "$0" && exec "$1" -m hatchling build -d "$2"'
        run(["sh", "-c", build, folder, sys.executable, to])


@contextmanager
def _copy_of(tree: Path, shipped: Path) -> Iterator[Path]:
    """A place for what is written into a root; it is forgotten afterwards."""
    with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
        place = Path(folder)
        for name in ("upper", "work", "merged"):
            (place / name).mkdir()
        shutil.copytree(shipped, place / "upper" / SHIPPED.removeprefix("/"))
        yield place


def _entering(tree: Path, place: Path, command: str) -> list[str]:
    # a mount namespace of its own: nothing that is mounted there can be removed from here
    unshare = ["unshare", "--mount", "--propagation", "private"]
    return [*unshare, "sh", str(_ENTER), str(tree), str(place), f"cd /root && {command}"]


def table(walked: Sequence[Walked]) -> str:
    """What came of each, in Markdown."""
    lines = ["| path | tried on | result | seconds |", "|---|---|---|---|"]
    for one in walked:
        result = one.problem or "works"
        lines.append(
            f"| {one.path.title} | Debian {one.path.suite} | {result} | {one.seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    started_s = time.monotonic()
    code = main(sys.argv[1:])
    say(f"{time.monotonic() - started_s:.0f} s")
    sys.exit(code)
