"""The completions, by the shells themselves: what follows a line that is not yet whole."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kernel_harness import stat_fields
from pseudo_terminal import ProgramInTerminal

from twtui.model.presets import PRESETS
from twtui.settings.table import COMMANDS, settings_of

SHARE = Path(__file__).parents[2] / "share"
BASH = SHARE / "bash-completion/completions/twtui"
ZSH = SHARE / "zsh/site-functions/_twtui"
FISH = SHARE / "fish/vendor_completions.d/twtui.fish"
NAMES = [name for name in COMMANDS if name]

BASH_ANSWERS = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9
_twtui
((${#COMPREPLY[@]})) && printf '%s\\n' "${COMPREPLY[@]}"
exit 0
"""
FISH_ANSWERS = "source $argv[1]; complete -C $argv[2]"


def run(*words: str | Path) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def bash(line: str) -> list[str]:
    return run("bash", "--norc", "-c", BASH_ANSWERS, "bash", BASH, line).splitlines()


def fish(line: str) -> list[str]:
    """Without the descriptions."""
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    answers = run("fish", "--no-config", "-c", FISH_ANSWERS, str(FISH), line).splitlines()
    return [answer.partition("\t")[0] for answer in answers]


both = pytest.mark.parametrize("answers", [bash, fish])
Answers = Callable[[str], list[str]]


@both
def test_commands_come_first(answers: Answers) -> None:
    assert sorted(answers("twtui ")) == sorted(NAMES)
    assert answers("twtui rec") == ["record"]
    assert answers("twtui doctor rec") == []


@both
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_options_and_no_others(answers: Answers, command: str) -> None:
    offered = answers(f"twtui {command} --".replace("  ", " "))
    wanted = {f"--{setting.name}" for setting in settings_of(command)} | {"--help", "--version"}
    assert {word for word in offered if word != "--"} == wanted


@both
def test_values_are_those_of_the_tables(answers: Answers) -> None:
    assert answers("twtui record --mode ") == ["resume", "signal"]
    assert sorted(answers("twtui --preset ")) == sorted(PRESETS)
    assert sorted(answers("twtui export -f ")) == ["chrome", "csv", "folded", "jsonl"]


@both
def test_lists_go_on_after_a_comma(answers: Answers) -> None:
    assert answers("twtui --map hash,ar") == ["hash,array"]


@both
def test_files_are_offered_where_files_are_taken(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.twtui").touch()
    for line in ("twtui report ru", "twtui record -o ru", "twtui diff x ru"):
        assert answers(line) == ["run.twtui"]
    assert answers("twtui doctor ru") == []


def test_bash_answers_after_the_colon_at_which_it_splits() -> None:
    assert "sched_switch" in bash("twtui --trigger tracepoint:sched:sched_sw")
    assert "openat" in bash("twtui --trigger sample,syscall:opena")
    assert bash("twtui record --mode=s") == ["signal"]
    assert bash("twtui --no-cache --capture bytes\\(e") == ["bytes\\(entry.arg2\\,\\ ret\\)"]


def test_hosts_are_offered_with_and_without_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 shop.example\n")
    monkeypatch.setenv("HOSTFILE", str(hosts))
    assert bash("twtui --host sho") == ["shop.example"]
    assert bash("twtui record --host=sho") == ["shop.example"]
    # bash splits there, so that only what follows is its answer
    assert bash("twtui --host ada@sho") == ["shop.example"]
    assert ":USER@HOST:_hosts" in ZSH.read_text()
    assert "__fish_print_hostnames" in FISH.read_text()


def test_fish_says_what_the_words_mean() -> None:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    assert f"files\t{PRESETS['files'].description}" in run(
        "fish", "--no-config", "-c", FISH_ANSWERS, str(FISH), "twtui --preset fi"
    )


_PLAIN = {"TERM": "dumb", "LC_ALL": "C.UTF-8", "PS1": "ready> "}


@contextmanager
def shell(*command: str) -> Iterator[ProgramInTerminal]:
    """An interactive one."""
    with ProgramInTerminal(command, environ=_PLAIN) as terminal:
        terminal.until_seen("ready> ")
        yield terminal


@pytest.fixture
def zsh() -> Iterator[ProgramInTerminal]:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    with shell("zsh", "-f", "-i") as terminal:
        terminal.press(b"PS1='ready> '; stty cols 200 rows 50; unsetopt beep; LISTMAX=100000\n")
        terminal.press(f"fpath=({ZSH.parent} $fpath); autoload -Uz compinit\n".encode())
        terminal.press(b"compinit -u -D; twtui() { print -r -- said: $@; }; print set up\n")
        terminal.until_seen("\nset up")
        yield terminal


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("twtui rec\t", "said: record"),
        ("twtui --mode s\t", "said: --mode signal"),
        ("twtui record --mode=s\t", "said: record --mode=signal"),
        ("twtui --map hash,ar\t", "said: --map hash,array"),
        ("twtui record --capture str\\(ar\t", "said: record --capture str(arg2)"),
    ],
)
def test_zsh_completes_what_is_typed(zsh: ProgramInTerminal, typed: str, said: str) -> None:
    zsh.press(f"{typed}\n".encode())
    zsh.until_text(said)


def test_zsh_completes_a_user(zsh: ProgramInTerminal) -> None:
    names = {user.pw_name for user in pwd.getpwall()}
    # one whose beginning no other has
    user = next(
        name
        for name in sorted(names)
        if name.isalnum() and sum(other.startswith(name[:-1]) for other in names) == 1
    )
    zsh.press(f"twtui -u {user[:-1]}\t\n".encode())
    zsh.until_text(f"said: -u {user}\r")


def test_zsh_completes_the_words_of_a_command(zsh: ProgramInTerminal, tmp_path: Path) -> None:
    (tmp_path / "hostname").touch()
    zsh.press(f"twtui record -- ls {tmp_path}/hostn\t\n".encode())
    zsh.until_text(f"said: record -- ls {tmp_path}/hostname")


def test_zsh_says_what_the_words_mean(zsh: ProgramInTerminal) -> None:
    zsh.press(b"twtui --preset \t")
    zsh.until_text(f"-- {PRESETS['python'].description}")


def test_bash_completes_what_is_typed() -> None:
    with shell("bash", "--norc", "--noprofile", "-i") as terminal:
        terminal.press(f"source {BASH}; twtui() {{ echo said: $@; }}; echo set up\n".encode())
        terminal.until_seen("\nset up")
        terminal.press(b"twtui record --mode s\t--trigger syscall:read:e\t\n")
        terminal.until_text("said: record --mode signal --trigger syscall:read:exit")


@pytest.fixture
def hostile_process() -> Iterator[int]:
    """A process whose name would turn the terminal red."""
    name_itself = "printf 'ev\\033[31mil' >/proc/$$/comm; echo; read word"
    with subprocess.Popen(
        ["sh", "-c", name_itself], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def test_processes_are_offered_with_names_that_cannot_hurt(
    hostile_process: int, zsh: ProgramInTerminal
) -> None:
    pid, some = str(hostile_process), str(hostile_process)[:-1]
    # alone, it would be without its name
    assert {f"1,{pid}", f"1,{pid}  (ev?[31mil)"} & set(bash(f"twtui -p 1,{some}"))
    by_fish = run("fish", "--no-config", "-c", FISH_ANSWERS, str(FISH), f"twtui -p {pid}")
    assert f"{pid}\tev?[31mil\n" in by_fish
    # where all numbers begin alike, that beginning is the answer to the first
    zsh.press(b"twtui -p \t\t")
    zsh.until_text("ev?[31mil")
    assert b"\x1b[31mil" not in zsh.output


def test_kernel_threads_are_not_offered() -> None:
    kernel_threads = {pid.name for pid in Path("/proc").glob("[0-9]*") if is_kernel_thread(pid)}
    offered = {answer.split()[0] for answer in bash("twtui -p ")}
    assert str(os.getpid()) in offered
    assert not offered & kernel_threads


def is_kernel_thread(folder: Path) -> bool:
    """By its flags (``PF_KTHREAD``); one that has just ended is none."""
    try:
        return bool(int(stat_fields(int(folder.name))[6]) & 0x200000)
    except OSError:
        return False
