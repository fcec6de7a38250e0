"""The text of the help screen: the keys from the table, and what the words and signs mean."""

from __future__ import annotations

import textwrap

from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.keys import Where
from twtui.ui.lines import Line

_INDENT = 15
_PLACES = (
    Where.MONITOR, Where.GROUPS, Where.FILTER, Where.REPLAY, Where.PICKER, Where.LIST, Where.READING, Where.DIALOG,
    Where.DETAIL, Where.FAILED, Where.FINDINGS, Where.EVERYWHERE,
)  # fmt: skip
_FILTERS = (
    ("pid:1,2 tid:3", "by process or thread"),
    ("comm:ng*", "by the thread's name: a glob, or a part of it"),
    ("map: mode:", "hash, array, lru_hash; resume, signal"),
    ("trigger:openat", "by the trigger's text"),
    ("delay>100us", "late callbacks; also < <= >= and ns, ms, s"),
    ("rescued", "and truncated, failed, gone, kept, direct: what is special about a read"),
    ('word, "words"', "part of the text; without capitals it matches those too"),
    ("text~/re/", "a regular expression in the text; /re/i ignores case"),
    ("!x, x y, x or y", "not, and, or; parentheses group"),
)
_WORDS = (
    ("resume mode", "a callback runs at the task's next return to user space; wakes nobody"),
    ("signal mode", "it also ends an interruptible sleep, as a signal would"),
    ("fired", "the trigger ran for a watched task"),
    ("scheduled", "the kernel accepted the callback"),
    ("completed", "the callback ran to its end"),
    ("pending", "accepted, not yet run, task alive"),
    ("cancelled", "its slot went away first: evicted by LRU, deleted, overwritten"),
    ("lost", "its task ended first; the kernel drops such work without a word"),
    ("failed", "no callback although one was wanted: busy, no slot or rejected"),
    ("busy", "every slot that was tried still had a callback pending"),
    ("no slot", "the map was full"),
    ("rejected", "the kernel refused for another reason"),
    ("missed", "the kernel skipped our program (recursion), for this or another process"),
    ("not needed", "a read without a callback was enough, nothing was scheduled"),
    ("in call", "with --defer exit: to be read when the system call ends"),
    ("rescued", "the read failed at the trigger and succeeded in the callback"),
    ("truncated", "the target had more bytes than an event may hold"),
    ("dropped", "records that found the ring buffer full"),
    ("not shown", "records that were read but left the view before they could be drawn"),
)


def _signs(glyphs: Glyphs) -> tuple[tuple[str, str], ...]:
    return (
        (glyphs.rescued, "rescued"),
        (glyphs.kept, "kept: the bytes are the copy read at the trigger"),
        (glyphs.failed, "the read failed, or a sum does not add up"),
        (glyphs.holds, "the sum adds up"),
        (glyphs.approximately, "it adds up within what moved while the counters were read"),
        (f"{glyphs.resume_bar} {glyphs.signal_bar}", "resume and signal in the latency histogram"),
    )


def _section(title: str, pairs: tuple[tuple[str, str], ...], role: str, width: int) -> list[Line]:
    lines: list[Line] = [((title, "head"),)]
    for name, meaning in pairs:
        folded = textwrap.wrap(meaning, max(width - _INDENT, 20))
        lines.append(((f"  {name:<{_INDENT - 2}}", role), (folded[0], "")))
        lines += [((" " * _INDENT + rest, ""),) for rest in folded[1:]]
    return [*lines, ()]


def help_lines(
    glyphs: Glyphs, width: int, table: KeyMap = AS_SHIPPED, first: Where = Where.MONITOR
) -> list[Line]:
    """Keys by place, filters, words, signs; what is longer than ``width`` cells is folded.

    Args:
        glyphs: The signs to draw with, and to explain.
        width: Cells of a line.
        table: The keys.
        first: The place whose keys come first.
    """
    lines: list[Line] = []
    for where in sorted(_PLACES, key=lambda place: place is not first):
        keys = tuple((key.text, key.description) for key in table.of(where))
        lines += _section(f"Keys, {where}", keys, "key", width)
    lines += _section("Filter of the monitor, and of --filter", _FILTERS, "strong", width)
    lines += _section("Words", _WORDS, "strong", width)
    lines += _section("Signs", _signs(glyphs), "rescued", width)
    return lines[:-1]
