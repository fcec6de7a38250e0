"""A target whose threads each sit in a known Python function: deep, generated, foreign, too long, asleep."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

PR_SET_PDEATHSIG = 1

LONG = "long_" + "x" * 300
LONG_FILE = "/cut/" + "y" * 300 + "/end.py"


def innermost() -> None:
    number = 0
    while True:
        number += 1


class Outer:
    def method(self) -> None:
        def nested() -> None:
            innermost()

        nested()


def größe() -> None:
    number = 0
    while True:
        number += 1


def 函数() -> None:  # noqa: N802
    number = 0
    while True:
        number += 1


def 𐎠() -> None:  # noqa: N802
    number = 0
    while True:
        number += 1


def numbers() -> Iterator[int]:
    number = 0
    while number >= 0:
        number += 1
    yield number


def through_a_generator() -> None:
    for _ in numbers():
        pass


def called_by_c(number: int) -> int:
    innermost()
    return number


def through_c() -> None:
    # sorted() is C: in some versions it leaves a frame of its own between these two
    sorted([1, 2], key=called_by_c)


def recursive(levels: int = 60) -> None:
    if levels:
        recursive(levels - 1)
    innermost()


def asleep() -> None:
    time.sleep(1000)


exec(compile(f"def {LONG}():\n number = 0\n while True:\n  number += 1", LONG_FILE, "exec"))

FUNCTIONS = {
    "method": Outer().method,
    "größe": größe,
    "函数": 函数,
    "𐎠": 𐎠,
    "generator": through_a_generator,
    "c": through_c,
    "recursive": recursive,
    "long": globals()[LONG],
    "asleep": asleep,
}


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def run(name: str, started: threading.Event) -> None:
    say(f"tid {threading.get_native_id()}")
    started.set()
    FUNCTIONS[name]()


def start_c_thread() -> None:
    """A thread that no interpreter knows, asleep in libc."""
    libc = ctypes.CDLL(None)
    identifier = ctypes.c_ulong()
    libc.pthread_create(
        ctypes.byref(identifier), None, ctypes.cast(libc.pause, ctypes.c_void_p), None
    )


def fork(act: Callable[[], None]) -> int:
    """A child that ends with us."""
    child = os.fork()
    if not child:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        act()
    return child


def sleep_as_another_program() -> None:
    os.execvp("sleep", ["sleep", "1000"])


def main() -> None:
    say("ready 0")
    names = sys.argv[1].split(",")
    for name in names:
        if name == "foreign":
            start_c_thread()
            continue
        started = threading.Event()
        threading.Thread(target=run, args=(name, started), daemon=True).start()
        started.wait()
    say("go")
    if not sys.stdin.readline():
        return
    for act in (innermost, sleep_as_another_program):
        say(f"{fork(act)}\ndone")
        sys.stdin.readline()


main()
