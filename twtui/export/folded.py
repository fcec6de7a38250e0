"""Stacks, folded for flame graphs: a line per stack, ``outermost;...;innermost count``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from twtui.errors import UsageError
from twtui.export.json_lines import captured_bytes
from twtui.harmless import written_out
from twtui.model import python_frames
from twtui.model.batch import Batch
from twtui.model.capture import Read, read_of
from twtui.model.content import functions_of
from twtui.model.event import Event

_MAX_STACKS = 1 << 18
"""Different stacks; what comes beyond that goes under one name."""
_TOO_MANY = "(too many different stacks)"
_KERNEL = 1 << 63
Names = Mapping[tuple[int, int], str]


def folded(
    batches: Iterable[tuple[Batch, list[Event], Mapping[int, tuple[str, str]]]],
) -> Iterator[str]:
    """The lines, most frequent stack first.

    Args:
        batches: With their events and the captures that hold for these.

    Raises:
        UsageError: There is no stack in it.
    """
    stacks: Counter[str] = Counter()
    names: dict[tuple[int, int], str] = {}
    for batch, events, captures in batches:
        names.update(batch.names)
        for event in events:
            read = read_of(captures.get(event.capture, ("", "none"))[1])
            if read not in (Read.STACK, Read.PYTHON):
                continue
            data = captured_bytes(event, read)
            if not data:
                continue
            frames = [
                *_frames(data, read, event.pid, names),
                _plain(event.comm.decode("utf-8", "replace")),
            ]
            stack = ";".join(reversed(frames))
            if stack not in stacks and len(stacks) >= _MAX_STACKS:
                stack = _TOO_MANY
            stacks[stack] += 1
    if not stacks:
        raise UsageError(
            "there are no stacks in this recording", "record with --capture stack or python"
        )
    for stack, count in stacks.most_common():
        yield f"{stack} {count}\n"


def _frames(data: bytes, read: Read, pid: int, names: Names) -> list[str]:
    """Innermost first."""
    if read is Read.PYTHON:
        try:
            frames = python_frames.decode(data)
        except python_frames.BrokenFramesError:
            return ["?"]
        return [_plain(f"{f.function or '?'} ({f.file or '?'}:{f.line})") for f in frames]
    return [_plain(_name(text, pid, names)) for text in functions_of(data, read)]


def _name(address: str, pid: int, names: Names) -> str:
    number = int(address, 16)
    owner = 0 if number & _KERNEL else pid
    name = names.get((owner, number), address)
    if name.startswith("0x"):
        # of a module without symbols only the module is worth a line of the graph
        module = name.partition("(")[2].partition("+0x")[0].rstrip(")")
        return f"[{module}]" if module else address
    return name.partition("+0x")[0]


def _plain(text: str) -> str:
    """Without what separates frames and counts."""
    clean = "".join(c if c != ";" and written_out(c) == c else "_" for c in text)
    return clean or "?"
