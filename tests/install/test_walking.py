"""Trying an installation: what is a failure, where it ends, and what is kept of it."""

from __future__ import annotations

import pytest
from install_check import table
from install_paths import InstallPath, Step, paths
from walking import Walked, walk


def walked(*steps: Step) -> Walked:
    return walk(InstallPath("by hand", "here", steps), lambda command: ["sh", "-c", command])


def test_a_way_that_shows_all_it_has_to_works() -> None:
    done = walked(Step("echo first; echo second", ("first", "second")), Step("exit 4", code=4))
    assert done.problem == ""
    assert "# echo first; echo second\nfirst\nsecond\n[exit code 0]\n" in done.transcript
    assert "| by hand | Debian here | works |" in table([done])


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (Step("exit 1"), "exit 1: exit code 1"),
        (Step("echo no", ("yes",)), "echo no: shows no 'yes'"),
        (Step("echo b; echo a", ("a", "b")), "echo b; echo a: shows no 'b'"),
        (Step("echo no", ("yes",), keys=(("yes", "q"),)), "echo no: shows no 'yes'"),
        (Step("stty raw", keys=(("$", ""),)), "stty raw: exit code the terminal is not as it was"),
    ],
)
def test_the_first_step_that_goes_wrong_ends_it(step: Step, problem: str) -> None:
    done = walked(step, Step("echo never"))
    assert done.problem == problem
    assert "never" not in done.transcript
    assert problem in table([done])


def test_keys_reach_a_program_in_a_terminal() -> None:
    done = walked(Step("read line && echo got $line", ("got hello",), keys=(("", "hello\n"),)))
    assert done.problem == ""


def test_every_way_has_a_name_of_its_own() -> None:
    names = [path.name for path in paths()]
    assert len(set(names)) == len(names)
