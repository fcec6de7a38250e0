"""The ways of installing, as a newcomer types them: plain data, step by step, and what has to come of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SUITES = ("bookworm", "trixie", "sid")
"""Debian 12, 13 and what comes next."""
SHIPPED = "/opt/twtui"
"""Where a root finds the repository (``twtui.git``), the wheel and the source distribution."""
_APT = "apt-get update -qq && apt-get install -qy --no-install-recommends"
_PIPX = "/root/.local/bin/twtui"
_PLAIN = "plain/bin/twtui"
_DEMO = "plain/lib/python3*/site-packages/twtui/_data/demo.twtui"


@dataclass(frozen=True, slots=True)
class Step:
    """One command for the shell, and what it has to show."""

    command: str
    shows: tuple[str, ...] = ()
    """Words of its output, in this order."""
    code: int = 0
    keys: tuple[tuple[str, str], ...] = ()
    """In a terminal: wait for these words, then press these keys. Without any there is no terminal."""


@dataclass(frozen=True, slots=True)
class InstallPath:
    """One way, from a root with nothing but make and git."""

    title: str
    suite: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """What it is called in ``--only``, and its log."""
        return f"{self.title.replace(' ', '-')}.{self.suite}"


def _traces(twtui: str) -> tuple[Step, ...]:
    """It watches a command that reads a file, as root on the running kernel."""
    return (
        Step(f"{twtui} doctor", ("twtui works here",)),
        Step(
            f"{twtui} record -d 2 --preset files -- cat /etc/passwd",
            ('"/etc/passwd"', "✓ emitted = delivered"),
        ),
        Step(
            f"{twtui} record --preset oncpu -F 199 -c 5 -- sh -c 'while :; do :; done'",
            ("✓ emitted = delivered",),
        ),
    )


def _make_run(suite: str) -> InstallPath:
    return InstallPath(
        "make run",
        suite,
        (
            Step(f"git clone -q file://{SHIPPED}/twtui.git twtui"),
            Step("cd twtui && make run", ("which process?",), keys=(("which process?", "q"),)),
            Step("cd twtui && make setup && git status --porcelain && echo nothing left to do",
                 ("nothing left to do",)),
            *_traces("twtui/.venv/bin/twtui"),
        ),
    )  # fmt: skip


def _pipx(suite: str, what: str, package: str) -> InstallPath:
    return InstallPath(
        f"pipx {what}",
        suite,
        (
            Step(f"{_APT} pipx python3-bpfcc"),
            Step(f"git clone -q file://{SHIPPED}/twtui.git twtui"),
            Step(f"pipx install --system-site-packages {package}", ("installed package twtui",)),
            *_traces(_PIPX),
            Step("ls /root/.local/pipx/venvs/twtui/share/man/man8/twtui.8 "
                 "/root/.local/share/pipx/venvs/twtui/share/man/man8/twtui.8 2>/dev/null | wc -l", ("1",)),
            Step(f"pipx uninstall twtui && ! test -e {_PIPX}"),
        ),
    )  # fmt: skip


def _without_bcc(suite: str, what: str, package: str) -> InstallPath:
    return InstallPath(
        f"{what} without BCC",
        suite,
        (
            Step(f"{_APT} python3-venv"),
            Step(f"python3 -m venv plain && plain/bin/pip install -q {package}"),
            Step(f"{_PLAIN} --version", ("twtui ",)),
            Step(f"{_PLAIN} report {_DEMO}", ("✓ emitted = delivered",)),
            Step(f"{_PLAIN} export {_DEMO} -f csv -o events.csv && wc -l events.csv", (" events.csv",)),
            Step(f"{_PLAIN} export {_DEMO} | tail -1", ('"type":"summary"',)),
            Step(f"{_PLAIN} export {_DEMO} | {_PLAIN} replay -", ("Captured",), keys=(("Captured", "q"),)),
            Step(f"{_PLAIN} diff {_DEMO} {_DEMO}", ("emitted",)),
            Step(f"{_PLAIN} replay {_DEMO}", ("Captured",), keys=(("Captured", "q"),)),
            Step(f"{_PLAIN} demo", ("BCC",), keys=(("because here", "q"),)),
            # what stands in the way is said again where the screen was, and is the exit code
            Step(_PLAIN, ("python3-bpfcc",), keys=(("python3-bpfcc", "q"),), code=4),
            Step(f"{_PLAIN} record -d 1 -- true", ("BCC", "python3-bpfcc"), code=4),
            Step(f"{_PLAIN} doctor", ("no      BCC",), code=4),
        ),
    )  # fmt: skip


def _build(suite: str) -> InstallPath:
    return InstallPath(
        "build by python -m build",
        suite,
        (
            Step(f"{_APT} python3-venv"),
            Step(f"git clone -q file://{SHIPPED}/twtui.git twtui"),
            Step("python3 -m venv tools && tools/bin/pip install -q build"),
            Step("tools/bin/python -m build -o from-sdist twtui", ("Successfully built",)),
            Step("tools/bin/python -m build --wheel -o direct twtui", ("Successfully built",)),
            # the wheel that was made by way of the sdist, and the one made from the checkout
            Step("cmp from-sdist/*.whl direct/*.whl && cmp direct/*.whl "
                 f"{SHIPPED}/*.whl && echo the same bytes", ("the same bytes",)),
            Step("cd twtui && git status --porcelain && echo clean", ("clean",)),
        ),
    )  # fmt: skip


def paths() -> Sequence[InstallPath]:
    """All of them."""
    return (
        *map(_make_run, SUITES),
        *(_pipx(suite, "wheel", f"{SHIPPED}/*.whl") for suite in SUITES),
        _pipx("bookworm", "checkout", "./twtui"),
        _build("bookworm"),
        _without_bcc("bookworm", "wheel", f"{SHIPPED}/*.whl"),
        _without_bcc("sid", "sdist", f"{SHIPPED}/*.tar.gz"),
    )
