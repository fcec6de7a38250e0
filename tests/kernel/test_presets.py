"""Every preset on a program that is not ours, with a known answer; and what is optional in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from json_record import TWTUI, record
from kernel_harness import Run, plan_for, wait_until

from twtui.errors import UsageError
from twtui.model.capture import parse_capture
from twtui.model.enums import Mode
from twtui.model.plan import Plan, Target, Watch
from twtui.model.trigger import parse_trigger

Start = Callable[..., subprocess.Popen[bytes]]


def test_files_sees_every_path_of_other_peoples_programs(tmp_path: Path) -> None:
    script = "mkdir one && mv one two && ln -s two three && rm three && chmod 700 two && rmdir two"
    ran = record("--preset", "files", "--children", "--", "sh", "-c", script, cwd=tmp_path)
    assert "one" in ran.texts("syscall:mkdir")
    renamed = ran.texts("syscall:rename") + ran.texts("syscall:renameat2")
    assert [text for text in renamed if text in ("one", "two")][-2:] == ["one", "two"]
    assert "three" in ran.texts("syscall:symlinkat") + ran.texts("syscall:symlink")
    assert "three" in ran.texts("syscall:unlinkat") + ran.texts("syscall:unlink")
    assert "two" in ran.texts("syscall:fchmodat") + ran.texts("syscall:chmod")
    assert "two" in ran.texts("syscall:rmdir")
    assert "sh ended with exit code 0" in ran.said


def test_files_sees_what_is_not_there(tmp_path: Path) -> None:
    ran = record("--preset", "files", "--", "ls", "/no/such/place", "/etc/hostname")
    found = [text for event in ran.events if (text := event.get("text")) is not None]
    assert "/no/such/place" in found
    assert "/etc/hostname" in found
    assert "ls ended with exit code 2" in ran.said
    assert all(event["comm"] == "ls" for event in ran.events)


def test_writes_sees_every_block(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("".join(f"block {number:09}\n" for number in range(20)))
    ran = record("--preset", "writes", "--", "dd", f"if={source}", "of=/dev/null", "bs=16", "status=none")  # fmt: skip
    assert ran.texts("syscall:write") == source.read_text().splitlines(keepends=True)


def test_writes_sees_what_is_sent() -> None:
    program = "import socket; a, b = socket.socketpair(); a.send(b'over a socket')"
    ran = record("--preset", "writes", "--", "/usr/bin/python3", "-c", program)
    assert ran.texts("syscall:sendto") == ["over a socket"]


def test_exec_follows_the_children_by_itself() -> None:
    ran = record("--preset", "exec", "--", "/bin/sh", "-c", "ls -d / >/dev/null; true")
    paths = [Path(text).name for text in ran.texts("syscall:execve")[::2]]
    assert paths[0] == "sh"
    assert "ls" in paths[1:]
    assert ran.texts("syscall:execve")[1] == "/bin/sh"
    assert ran.texts("tracepoint:sched:sched_process_exec") == ["/bin/sh", "ls"]


def test_argv_reads_the_command_line_of_a_sleeper_and_nothing_behind_it(start: Start) -> None:
    sleeper = start("sleep", "1000", env={"SECRET": "behind it", "PATH": os.environ["PATH"]})
    ran = record("--preset", "argv", "-p", sleeper.pid, "-c", 2)
    assert ran.data() == [b"sleep\x001000\x00"] * 2
    assert sleeper.poll() is None


def test_argv_follows_an_exec_of_the_same_program(start: Start) -> None:
    script = 'read line; exec sh -c "read line" second image'
    shell = start("sh", "-c", script, stdin=subprocess.PIPE)
    plan = plan_for(
        shell.pid, trigger="probe:20hz", capture="bytes(sym:@arg_start, sym:@arg_length)", mode=Mode.SIGNAL
    )  # fmt: skip
    with Run(plan) as run:
        run.run_for(0.3)
        assert shell.stdin
        shell.stdin.write(b"\n")
        shell.stdin.flush()
        run.run_for(0.8)
        run.finish()
    seen = list(dict.fromkeys(event.data for event in run.events))
    assert b"\0".join([b"sh", b"-c", script.encode(), b""]) in seen
    assert run.events[-1].data == b"sh\0-c\0read line\0second\0image\0"


def test_oncpu_has_a_stack_and_its_newest_bytes(start: Start) -> None:
    shell = start("sh", "-c", "while :; do :; done")
    ran = record("--preset", "oncpu", "-p", shell.pid, "-c", 40)
    stacks = [event for event in ran.events if "frames" in event]
    others = [event for event in ran.events if "frames" not in event]
    lines = Path(f"/proc/{shell.pid}/maps").read_text().splitlines()
    modules = {Path(line.split()[-1]).name for line in lines if "x" in line.split()[1]}
    assert stacks
    for event in stacks:
        newest = next(frame for frame in event["frames"] if not frame.endswith("(kernel)"))
        assert newest.rpartition("(")[2].partition("+")[0].rstrip(")") in modules
    assert {event["len"] for event in others if event["read"] == "ok"} == {64}


def test_python_names_the_function_that_runs(start: Start) -> None:
    program = "def busy_bee():\n    while True: pass\nbusy_bee()"
    ran = record("--preset", "python", "-p", start("/usr/bin/python3", "-c", program).pid, "-c", 20)
    named = [event for event in ran.events if "busy_bee" in json.dumps(event)]
    assert len(named) > len(ran.events) / 2


def optional(*triggers: str, capture: str = "none") -> tuple[Watch, ...]:
    return tuple(Watch(parse_trigger(text), parse_capture(capture), True) for text in triggers)


def test_what_is_not_here_is_left_out_with_a_note(start: Start) -> None:
    pid = start("sleep", "1000").pid
    with Run(
        Plan((Target(pid),), optional("syscall:nosuch", "syscall:read", "uprobe:libnosuch:f"))
    ) as run:
        run.finish()
    assert run.notes[0] == "not here, left out: syscall:nosuch, uprobe:libnosuch:f"


def test_where_all_is_left_out_there_is_nothing_to_watch(start: Start) -> None:
    pid = start("sleep", "1000").pid
    with pytest.raises(UsageError, match="nothing to watch: there is no syscall:nosuch"):
        Run(Plan((Target(pid),), optional("syscall:nosuch", "uprobe:libnosuch:f"))).__enter__()
    with pytest.raises(UsageError, match="there is no syscall:nosuch"):
        Run(plan_for(pid, trigger="syscall:nosuch")).__enter__()


def test_an_optional_function_is_watched_where_it_is(start: Start) -> None:
    program = "import time, zlib\nwhile True: zlib.crc32(b'x'); time.sleep(.01)"
    python = start("/usr/bin/python3", "-c", program)
    wait_until(lambda: "libz" in Path(f"/proc/{python.pid}/maps").read_text())
    sleeper = start("sleep", "1000")
    targets = (Target(sleeper.pid), Target(python.pid))
    with Run(Plan(targets, optional("uprobe:libz:crc32"))) as run:
        run.until(lambda ledger: sum(row.completed for row in ledger.values()) > 3)
        run.finish()
    assert {event.pid for event in run.events} == {python.pid}


def test_waiting_finds_the_one_that_appears(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "twtui-awaited"
    shutil.copy(shutil.which("sleep") or "", program)
    words = ["--preset", "argv", "-n", "^twtui-awaited$", "--wait", "-c", "1"]
    recorder = subprocess.Popen(
        [*TWTUI, "record", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert recorder.stderr
    assert "waiting for a process" in recorder.stderr.readline()
    start(program, "1000")
    out, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert "twtui-awaited" in out
