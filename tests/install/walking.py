"""Walks one way of installing, step by step, and keeps a transcript."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from install_paths import InstallPath, Step
from pseudo_terminal import ProgramInTerminal

_PATIENCE_S = 600.0
_TERMINAL = {"TERM": "xterm-256color"}
Enter = Callable[[str], Sequence[str]]
"""Makes the words that run a command of the shell where the installation is."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What came of a way."""

    path: InstallPath
    transcript: str
    seconds: float
    problem: str = ""
    """Why it ended early; empty when every step showed what it has to."""


def walk(path: InstallPath, enter: Enter) -> Walked:
    """Take every step up to the first that goes wrong."""
    started_s = time.monotonic()
    transcript = problem = ""
    for step in path.steps:
        code, output = _in_terminal(step, enter) if step.keys else _run(step, enter)
        transcript += f"# {step.command}\n{output.rstrip()}\n[exit code {code}]\n"
        if problem := _problem(step, code, output):
            break
    return Walked(path, transcript, time.monotonic() - started_s, problem)


def _run(step: Step, enter: Enter) -> tuple[int | str, str]:
    try:
        done = subprocess.run(
            enter(step.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as expired:
        return f"none within {_PATIENCE_S:.0f} s", (expired.output or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def _in_terminal(step: Step, enter: Enter) -> tuple[int | str, str]:
    code: int | str
    with ProgramInTerminal(
        enter(step.command), Path("/"), _TERMINAL, patience_s=_PATIENCE_S
    ) as program:
        try:
            for words, keys in step.keys:
                _wait_for(program, words)
                program.press(keys.encode())
            code = program.wait()
            if not program.is_as_before:
                code = "the terminal is not as it was"
        except AssertionError as error:
            code = str(error).partition("\n")[0]
        return code, program.text


def _wait_for(program: ProgramInTerminal, words: str) -> None:
    """Until it shows these words, or has ended without."""
    program.until(lambda: words in program.text or program.process.poll() is not None)


def _problem(step: Step, code: int | str, output: str) -> str:
    if code != step.code:
        return f"{step.command}: exit code {code}"
    rest = output
    for words in step.shows:
        _, found, rest = rest.partition(words)
        if not found:
            return f"{step.command}: shows no {words!r}"
    return ""
