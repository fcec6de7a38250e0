"""Uprobes fire as often as the function is called, wherever the function is, and for nobody else."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from hit_counter import HitCounter, attach_counter
from kernel_harness import Run, TargetProcess, plan_for

from twtui.errors import NoSuchTargetError, TwtuiError, UsageError
from twtui.kernel.processes.target_files import find_module
from twtui.kernel.run.triggers import Attachments
from twtui.model.enums import MapKind, Mode
from twtui.model.trigger import parse_trigger

_SOURCE = Path(__file__).parent / "targets" / "functions.c"
CALLS = 50
"""Of each thread; there are two."""
StartFunctions = Callable[..., TargetProcess]
CountHits = Callable[..., HitCounter]


def gcc(output: Path, *flags: object) -> Path:
    command = ["gcc", "-O1", "-Wall", "-Werror", "-pthread", "-o", output, _SOURCE, *flags]
    subprocess.run([str(part) for part in command], check=True)
    return output


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="module")
def library(directory: Path) -> Path:
    return gcc(directory / "libsay.so.1", "-DLIBRARY", "-shared", "-fPIC")


@pytest.fixture(scope="module")
def program(directory: Path, library: Path) -> Path:
    return gcc(directory / "functions", "-DLINKED", library, f"-Wl,-rpath,{directory}")


@pytest.fixture
def start() -> Iterator[StartFunctions]:
    with ExitStack() as started:

        def start_one(program: Path | str, *arguments: object) -> TargetProcess:
            target = TargetProcess(Path(program), [str(one) for one in arguments], "a known text")
            started.callback(target.end)
            return target

        yield start_one


@pytest.fixture
def count() -> Iterator[CountHits]:
    """Attach a counter to a trigger."""
    with ExitStack() as held:
        yield partial(attach_counter, held)


def act(target: TargetProcess) -> None:
    target.tell()
    target.wait_done()


@pytest.mark.parametrize(
    "place",
    [
        "exe:program_say", "functions:hidden_say", "{program}:program_say", "{program}:hidden_say",
        "libsay:library_say", "libsay.so.1:library_say", "{library}:library_say",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["uprobe", "uretprobe"])
def test_as_often_as_called(
    start: StartFunctions, count: CountHits, program: Path, library: Path, kind: str, place: str
) -> None:
    target, other = start(program, CALLS), start(program, CALLS)
    text = f"{kind}:{place.format(program=program, library=library)}"
    counter = count(text, [target.pid])
    act(other)
    assert counter.count == 0
    act(target)
    assert counter.count == 2 * CALLS


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie", "-fno-PIE")])
def test_a_stripped_program(
    start: StartFunctions, count: CountHits, directory: Path, flags: tuple[str, ...]
) -> None:
    path = gcc(directory / f"stripped{flags[0]}", "-rdynamic", "-s", *flags)
    target = start(path, CALLS)
    counter = count("uprobe:exe:program_say", [target.pid])
    with pytest.raises(UsageError, match="no function hidden_say") as caught:
        count("uprobe:exe:hidden_say", [target.pid])
    assert "stripped" in caught.value.hint
    act(target)
    assert counter.count == 2 * CALLS


def test_an_offset_and_an_address(start: StartFunctions, count: CountHits, program: Path) -> None:
    target = start(program, CALLS)
    listing = subprocess.run(
        ["objdump", "-d", "--disassemble=program_say", program],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    starts = [line.split(":")[0].strip() for line in listing.splitlines() if ":\t" in line]
    distance = int(starts[-1], 16) - int(starts[0], 16)
    counters = [
        count(f"uprobe:exe:{place}", [target.pid])
        for place in (f"program_say+{distance}", f"0x{starts[0]}", f"0x{starts[-1]}")
    ]
    act(target)
    assert [counter.count for counter in counters] == [2 * CALLS] * 3


@pytest.mark.parametrize(
    "place",
    ["exe:program_say", "{program}:hidden_say", "libsay:library_say", "{library}:library_say"],
)
def test_events_have_the_text_of_every_call(
    start: StartFunctions, program: Path, library: Path, place: str
) -> None:
    target = start(program, CALLS)
    trigger = f"uprobe:{place.format(program=program, library=library)}"
    with Run(plan_for(target, trigger=trigger, capture="str(arg1)")) as run:
        act(target)
        ledger = run.finish()
    for kind in MapKind:
        of_kind = [event for event in run.events if event.map_kind is kind]
        assert [event.data for event in of_kind] == [target.text] * (2 * CALLS)
        assert set(Counter(event.tid for event in of_kind).values()) == {CALLS}
        assert ledger[kind, Mode.RESUME].fired == 2 * CALLS


def test_a_variable_by_name(start: StartFunctions, program: Path) -> None:
    target = start(program, CALLS)
    plan = plan_for(target, trigger="uprobe:exe:program_say", capture="str(*sym:text)")
    with Run(plan) as run:
        act(target)
        run.finish()
    assert [event.data for event in run.events] == [target.text] * (3 * 2 * CALLS)


def test_two_targets_one_attachment(start: StartFunctions, count: CountHits, program: Path) -> None:
    targets = [start(program, CALLS), start(program, CALLS)]
    counter = count("uprobe:libsay:library_say", [target.pid for target in targets])
    for target in targets:
        act(target)
    assert counter.count == 4 * CALLS


def test_children_with_all_processes_only(
    start: StartFunctions, count: CountHits, program: Path
) -> None:
    target = start(program, CALLS, "fork")
    own = count("uprobe:exe:program_say", [target.pid])
    everyone = count("uprobe:exe:program_say", [target.pid], True)
    act(target)
    assert own.count == 2 * CALLS
    assert everyone.count == 4 * CALLS


def test_a_library_that_is_loaded_later(
    start: StartFunctions, count: CountHits, directory: Path, library: Path
) -> None:
    target = start(gcc(directory / "loads"), CALLS, "load", library)
    with pytest.raises(UsageError, match="mapped no libsay") as caught:
        count("uprobe:libsay:library_say", [target.pid])
    assert "loaded later" in caught.value.hint
    counter = count(f"uprobe:{library}:library_say", [target.pid])
    act(target)
    assert counter.count == 2 * CALLS


def test_a_file_of_another_mount_namespace(
    start: StartFunctions, count: CountHits, program: Path, tmp_path: Path
) -> None:
    """The path is a file only inside; the same path outside is another program."""
    place = tmp_path / "mounted"
    place.mkdir()
    (place / "functions").write_bytes(Path("/bin/true").read_bytes())
    script = 'mount -t tmpfs tmpfs "$1" && cp "$0" "$1/functions" && exec "$1/functions" "$2"'
    target = start("unshare", "-m", "sh", "-c", script, program, place, CALLS)
    counters = [
        count(f"uprobe:{where}:program_say", [target.pid])
        for where in (place / "functions", "functions", "exe")
    ]
    act(target)
    assert [counter.count for counter in counters] == [2 * CALLS] * 3


def test_a_program_that_was_replaced(
    start: StartFunctions, count: CountHits, program: Path, tmp_path: Path
) -> None:
    """What runs is watched, not what lies in its place now."""
    path = Path(shutil.copy(program, tmp_path / "functions"))
    target = start(path, CALLS)
    path.unlink()
    shutil.copy("/bin/true", path)
    counters = [
        count(f"uprobe:{place}:program_say", [target.pid]) for place in (path, "functions", "exe")
    ]
    act(target)
    assert [counter.count for counter in counters] == [2 * CALLS] * 3


def test_links_stay_inside_the_root_of_the_target(
    start: StartFunctions, count: CountHits, tmp_path: Path
) -> None:
    gcc(tmp_path / "functions", "-static")
    (tmp_path / "link").symlink_to("/functions")
    (tmp_path / "up").symlink_to("../../../../../../functions")
    (tmp_path / "out").symlink_to("/bin/true")
    target = start("chroot", tmp_path, "/functions", CALLS)
    counters = [
        count(f"uprobe:{place}:program_say", [target.pid])
        for place in ("/functions", "/link", "/up", "exe", "functions")
    ]
    with pytest.raises(UsageError, match="sees no file /out"):
        count("uprobe:/out:main", [target.pid])
    act(target)
    assert [counter.count for counter in counters] == [2 * CALLS] * 5


def test_a_program_that_is_executed_later(start: StartFunctions, program: Path) -> None:
    """The process keeps its breakpoints through an exec, in the file, not at an address."""
    script = 'echo ready 0x0; echo go; read line; exec "$0" "$1"'
    target = start("sh", "-c", script, program, CALLS)
    with ExitStack() as held:
        counter = attach_counter(held, f"uprobe:{program}:program_say", [target.pid])
        target.tell()
        while target._line() != "go":
            pass
        act(target)
        assert counter.count == 2 * CALLS


def test_targets_that_end_meanwhile(start: StartFunctions, count: CountHits, program: Path) -> None:
    target, ended = start(program, CALLS), start(program, CALLS)
    ended.end()
    counter = count("uprobe:exe:program_say", [ended.pid, target.pid])
    act(target)
    assert counter.count == 2 * CALLS
    with pytest.raises(NoSuchTargetError):
        count("uprobe:exe:program_say", [ended.pid])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("libnothing:malloc", "mapped no libnothing"),
        ("libsay:library_sya", "no function library_sya"),
        ("exe:program_say+1", "no instruction starts"),
        ("exe:program_say+100000", "behind the end"),
        ("exe:text", "not a function"),
        ("./functions:program_say", "not an absolute path"),
        ("/no/such/file:main", "sees no file"),
        ("/dev/null:main", "not a regular file"),
        ("/etc/passwd:main", "ELF"),
        ("/:main", "not a regular file"),
        ("libc:strlen", "IFUNC"),
    ],
)
def test_what_cannot_be_watched_is_said(
    start: StartFunctions, count: CountHits, program: Path, place: str, words: str
) -> None:
    target = start(program, CALLS)
    with pytest.raises(UsageError, match=words) as caught:
        count(f"uprobe:{place}", [target.pid])
    assert caught.value.hint
    assert target.process.poll() is None


def test_nothing_stays_behind(start: StartFunctions, count: CountHits, program: Path) -> None:
    target = start(program, CALLS)
    before = len(list(Path("/proc/self/fd").iterdir()))
    trigger = parse_trigger("uprobe:exe:program_say")
    counter = count("uprobe:exe:program_say", [target.pid])
    attachments = Attachments()
    attachments.attach(trigger, counter.program, 0, [target.pid])
    attachments.close()
    attachments.close()
    for _ in range(3):
        with pytest.raises(TwtuiError):
            attachments.attach(parse_trigger("uprobe:exe:nope"), counter.program, 0, [target.pid])
    # the counter of this test: program, map, event and link
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 4
    find_module(target.pid, "libsay").file.close()
    act(target)
    assert counter.count == 2 * CALLS
