"""Runs the smoke tests and a record on other kernels with other BCCs, and prints what came of each pair.

    make matrix                                   the newest kernel of each series, with a BCC or two; all BCCs here
    make matrix ARGS='--kernel 7.3 --bcc sid'     this pair
    make matrix ARGS='--kernel running'           all BCCs on the running kernel
    make matrix ARGS=--list                       the kernels that the mirror offers

Kernels and BCCs are Debian's, as its mirror has them at that moment. Guests run under QEMU without KVM.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from choice import RUNNING, SUITES, Row, default_kernels, named_kernels, rows
from debian import KernelShelf, MatrixError, run
from machines import Machines
from roots import CHECKOUT, Root, prepare_root
from table import Result, as_json, read_result, table

_CACHE_VARIABLE = "TWTUI_MATRIX_CACHE"
_LIMIT_S = 1800.0
_INTERRUPTED = 130
_NICENESS = 15
"""The machine stays usable meanwhile."""
_TESTED = (
    "tests/conftest.py",
    "tests/__init__.py",
    "tests/kernel",
    "tests/unit",
    "tests/matrix",
    "pyproject.toml",
)


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def parser() -> argparse.ArgumentParser:
    """The words of the command line."""
    found = argparse.ArgumentParser(
        prog="make matrix ARGS=...",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("--kernel", action="append", default=[], metavar="K",
        help=f"a series (7.3), a release, or {RUNNING}; may be repeated")  # fmt: skip
    add("--bcc", action="append", default=[], choices=SUITES,
        help="with the BCC of this release of Debian; may be repeated")  # fmt: skip
    add("--jobs", type=int, default=os.cpu_count() or 1, metavar="N",
        help="rows at a time (default: one for each CPU)")  # fmt: skip
    add("--json", action="store_true", help="print the table as JSON")
    add("--list", action="store_true", help="list the kernels that the mirror offers, and end")
    add("--fresh", action="store_true", help="build the roots anew")
    return found


def cache_folder() -> Path:
    """Where roots, kernels and logs are kept, outside of any checkout."""
    named = os.environ.get(_CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "twtui-matrix"


def main(words: Sequence[str]) -> int:
    """Everything: 0 when every row is as it has to be, 1 when one is not, 2 when nothing could be run."""
    options = parser().parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _matrix(options)
    except (MatrixError, ValueError) as error:
        say(f"the matrix cannot be run: {error}")
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED


def _matrix(options: argparse.Namespace) -> int:
    cache = cache_folder()
    logs = cache / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    shelf = KernelShelf(cache)
    offered = _offered(shelf)
    if options.list:
        print("\n".join(offered))  # noqa: T201 - what was asked for
        return 0
    if os.geteuid():
        raise MatrixError("building roots takes root")
    os.nice(_NICENESS)
    with _alone(cache):
        return _run_rows(options, shelf, offered, cache, logs)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two that build the same root would destroy each other's."""
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MatrixError(f"another one is running with {cache}") from None
        yield


def _run_rows(
    options: argparse.Namespace, shelf: KernelShelf, offered: list[str], cache: Path, logs: Path
) -> int:
    started_s = time.monotonic()
    kernels = named_kernels(offered, options.kernel) or [*default_kernels(offered), RUNNING]
    chosen = rows(kernels, options.bcc)
    roots = _roots(sorted({row.suite for row in chosen}, key=SUITES.index), cache, logs, options)
    images = {row.kernel: shelf.image(row.kernel) for row in chosen if not row.is_running}
    say(f"{len(chosen)} rows, {options.jobs} at a time")
    with tempfile.TemporaryDirectory() as folder:
        # readable for everybody, as some tests run as an ordinary user
        job = Path(folder) / "job"
        job.mkdir()
        _fill(job)
        results = _results(chosen, roots, images, job, logs, options.jobs)
    text = table(results)
    (logs / "table.txt").write_text(text)
    (logs / "table.json").write_text(as_json(results))
    print(as_json(results) if options.json else text, end="")  # noqa: T201 - the result
    failed = sum(not result.passed for result in results)
    say(
        f"{len(results) - failed} rows passed, {failed} failed, {time.monotonic() - started_s:.0f} s, "
        f"{_cpu_s():.0f} s of CPU"
    )
    return 1 if failed else 0


def _cpu_s() -> float:
    """What everything that has ended used: with how busy the machine is, the wall's time varies, not this."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _offered(shelf: KernelShelf) -> list[str]:
    try:
        shelf.update()
    except MatrixError as error:
        say(f"the mirror does not answer ({error}); only kernels that are kept can be had")
        return shelf.kept()
    return shelf.offered()


def _roots(
    suites: Sequence[str], cache: Path, logs: Path, options: argparse.Namespace
) -> dict[str, Root]:
    def prepared(suite: str) -> Root:
        root, how = prepare_root(suite, cache, logs, options.fresh)
        versions = ", ".join(f"{name} {version}" for name, version in root.versions.items())
        say(f"root {suite}: {how}; {versions}")
        return root

    with ThreadPoolExecutor(options.jobs) as pool:
        return dict(zip(suites, pool.map(prepared, suites), strict=True))


def _fill(job: Path) -> None:
    """What is tested: the wheel, as a user installs it, and the tests."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "wheel"]
        run([*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, CHECKOUT])
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(job / "site")
    for name in _TESTED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, job / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (job / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, job / name)


def _results(
    chosen: Sequence[Row],
    roots: dict[str, Root],
    images: dict[str, Path],
    job: Path,
    logs: Path,
    jobs: int,
) -> list[Result]:
    machines = Machines()

    def one(row: Row) -> Result:
        root, log = roots[row.suite], logs / f"{row.name}.log"
        expected = "works" if row.works else "refuses"
        command = f"python3 tests/matrix/inside.py {expected}{' thorough' * row.is_thorough}"
        if row.is_running:
            ended = machines.in_chroot(root, job, command, _LIMIT_S)
        else:
            ended = machines.in_guest(root, images[row.kernel], job, f"{command} guest", _LIMIT_S)
        log.write_text(ended.output)
        return read_result(row, ended, root.versions, log)

    found: dict[Row, Result] = {}
    with ThreadPoolExecutor(jobs) as pool:
        # what takes longest comes first, so that it does not run alone at the end
        by_length = sorted(chosen, key=lambda row: row.is_running or not row.is_thorough)
        waiting = [pool.submit(one, row) for row in by_length]
        try:
            for done in as_completed(waiting):
                result = done.result()
                found[result.row] = result
                outcome = "passed" if result.passed else f"FAILED: {result.problems[0]}"
                say(
                    f"{len(found)}/{len(chosen)} {result.row.name}: {outcome}, {result.seconds:.0f} s"
                )
        except BaseException:
            machines.stop()
            raise
    return [found[row] for row in chosen]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
