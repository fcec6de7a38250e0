"""The process list and look-ups on the processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from twtui.errors import NoSuchTargetError, UsageError
from twtui.processes import KERNEL_THREAD, OURSELVES, find_target, list_processes, matching


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    code = "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield process
        process.kill()


def start_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])


def test_a_process_is_held_by_its_start_time(child: subprocess.Popen[bytes]) -> None:
    target = find_target(child.pid)
    assert target.pid == child.pid
    assert target.start_ticks == start_ticks(child.pid) > 0
    assert target.name.startswith("python")


def test_the_list_has_what_the_picker_shows(child: subprocess.Popen[bytes]) -> None:
    row = next(row for row in list_processes() if row.pid == child.pid)
    assert row.target == find_target(child.pid)
    assert row.refusal == ""
    assert row.threads == 1
    assert "sys.stdin.read()" in row.command
    assert row.state in "RS"


def test_this_process_is_refused_in_the_list_and_by_pid() -> None:
    row = next(row for row in list_processes() if row.pid == os.getpid())
    assert row.refusal == OURSELVES
    with pytest.raises(NoSuchTargetError, match="twtui itself") as caught:
        find_target(os.getpid())
    assert caught.value.exit_code == 6


@pytest.mark.skipif(not Path("/proc/2/stat").exists(), reason="no kernel threads in sight")
def test_kernel_threads_are_refused() -> None:
    assert next(row for row in list_processes() if row.pid == 2).refusal == KERNEL_THREAD
    with pytest.raises(NoSuchTargetError, match="never run it"):
        find_target(2)


def test_a_zombie_is_refused() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        with pytest.raises(NoSuchTargetError, match="zombie"):
            find_target(pid)
    finally:
        os.waitpid(pid, 0)
    with pytest.raises(NoSuchTargetError, match=f"no process has PID {pid}"):
        find_target(pid)


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_what_is_no_process_is_refused(pid: int) -> None:
    with pytest.raises(NoSuchTargetError) as caught:
        find_target(pid)
    assert caught.value.hint


def test_a_thread_is_refused_with_its_process() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with pytest.raises(NoSuchTargetError, match="is a thread") as caught:
            find_target(thread.native_id or 0)
        assert f"-p {os.getpid()}" in caught.value.hint
    finally:
        done.set()
        thread.join()


def test_the_kernel_process_is_part_of_ours() -> None:
    code = "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "twtui.kernel"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        with pytest.raises(NoSuchTargetError, match="twtui itself"):
            find_target(process.pid)
        row = next(row for row in list_processes() if row.pid == process.pid)
        assert row.refusal == OURSELVES
        process.kill()


def test_matching_finds_by_name_and_user(child: subprocess.Popen[bytes]) -> None:
    user = next(row for row in list_processes() if row.pid == child.pid).user
    assert find_target(child.pid) in matching("^python", user)
    assert find_target(child.pid) not in matching("^python", "nobody-at-all")
    assert find_target(child.pid) not in matching("^thon")
    assert os.getpid() not in [target.pid for target in matching()]


def test_a_bad_expression_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="bad expression"):
        matching("([")
