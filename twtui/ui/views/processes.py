"""The process table of the picker: which rows match, in which order, and how one is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

from twtui.harmless import written_out
from twtui.model.pattern import searcher
from twtui.processes import ProcessRow
from twtui.ui.glyphs import Glyphs
from twtui.ui.key_map import AS_SHIPPED, KeyMap
from twtui.ui.lines import Line, Span, fit

Identity = tuple[int, int]
"""PID and start time: what stays the same when a PID is reused."""

_PATH = 4096
"""The longest path of a program, bytes."""
_PID, _USER, _THREADS, _CPU, _STATE, _NAME = 7, 10, 4, 6, 1, 16


class Sort(StrEnum):
    """Columns that the table can be sorted by."""

    CPU = "cpu"
    PID = "pid"
    NAME = "name"
    USER = "user"
    THREADS = "threads"
    STATE = "state"
    COMMAND = "command"

    @property
    def following(self) -> Sort:
        """The next one in turn."""
        every = tuple(Sort)
        return every[(every.index(self) + 1) % len(every)]


_KEYS: dict[Sort, Callable[[ProcessRow], Any]] = {
    Sort.CPU: lambda row: -row.cpu_percent,
    Sort.PID: lambda _: 0,
    Sort.NAME: lambda row: row.name.casefold(),
    Sort.USER: lambda row: row.user,
    Sort.THREADS: lambda row: -row.threads,
    Sort.STATE: lambda row: row.state,
    Sort.COMMAND: lambda row: row.command,
}
_COLUMNS = (
    ("", 2, "<", None), ("pid", _PID, ">", Sort.PID), ("user", _USER, "<", Sort.USER),
    ("thr", _THREADS, ">", Sort.THREADS), ("cpu", _CPU, ">", Sort.CPU),
    ("s", _STATE, "<", Sort.STATE), ("name", _NAME, "<", Sort.NAME),
    ("command", 9, "<", Sort.COMMAND),
)  # fmt: skip


def identity(row: ProcessRow) -> Identity:
    """What the picker remembers a process by."""
    return row.pid, row.start_ticks


def sorted_rows(rows: Iterable[ProcessRow], by: Sort, backwards: bool = False) -> list[ProcessRow]:
    """Processes that can be watched first, then by the column."""
    key = _KEYS[by]
    ordered = sorted(rows, key=lambda row: (key(row), row.pid), reverse=backwards)
    return sorted(ordered, key=lambda row: bool(row.refusal))


def as_tree(
    rows: Sequence[ProcessRow], by: Sort, backwards: bool, glyphs: Glyphs
) -> list[tuple[ProcessRow, str]]:
    """Every process after its parent, with the branches that lead to it; siblings by the column."""
    key = _KEYS[by]
    known = {row.pid for row in rows}
    children: dict[int, list[ProcessRow]] = {}
    for row in sorted(rows, key=lambda row: (key(row), row.pid), reverse=backwards):
        parent = row.parent if row.parent in known and row.parent != row.pid else 0
        children.setdefault(parent, []).append(row)
    found: list[tuple[ProcessRow, str]] = []
    waiting = [(row, "", "") for row in reversed(children.get(0, []))]
    while waiting:
        row, branches, below = waiting.pop()
        found.append((row, branches))
        mine = children.get(row.pid, []) if row.pid else []
        last = len(mine) - 1
        for at in range(last, -1, -1):
            branch = glyphs.last_branch if at == last else glyphs.branch
            deeper = below + ("   " if at == last else glyphs.trunk)
            waiting.append((mine[at], below + branch, deeper))
    # a loop of parents cannot be, but a table that is read bit by bit may show one
    placed = {row.pid for row, _ in found}
    return found + [(row, "") for row in rows if row.pid not in placed]


def column_at(x: int) -> Sort | None:
    """The column that a click on the header means."""
    start = 0
    for _, cells, _, sort in _COLUMNS:
        start += cells + 1
        if x < start:
            return sort
    return Sort.COMMAND


def matcher(pattern: str) -> Callable[[ProcessRow], bool]:
    """What a filter keeps.

    Text: part of PID, user, name or command line, or letters of the name in that order. ``/text``
    is a regular expression; while it is not a valid one, it is taken as text.
    """
    if pattern.startswith("/"):
        body = pattern[1:].removesuffix("/")
        try:
            matches = searcher(body, ignore_case=True)
        except re.error:
            pattern = body
        else:
            return lambda row: matches(_searched(row))
    wanted = pattern.casefold()
    return lambda row: wanted in _searched(row).casefold() or _in_order(wanted, row.name.casefold())


def _in_order(letters: str, name: str) -> bool:
    """The name has these letters in this order, with others between."""
    left = iter(name)
    return all(letter in left for letter in letters)


def _searched(row: ProcessRow) -> str:
    return f"{row.pid} {row.user} {row.name} {row.command}"


def table_header(width: int, sort: Sort) -> Line:
    """Names of the columns; the one that they are sorted by stands out."""
    spans: list[Span] = []
    for title, cells, align, column in _COLUMNS:
        mine = column is sort
        spans.append((f"{title:{align}{cells}} ", "key" if mine else "head"))
    used = sum(len(text) for text, _ in spans)
    return (*spans, (" " * max(width - used, 0), "head"))


def _without_folder(command: str) -> str:
    """The program by its name alone: its folder takes the room of what tells processes apart."""
    program, space, rest = command.partition(" ")
    return program.rpartition("/")[2] + space + rest if program.startswith("/") else command


def process_line(
    row: ProcessRow, width: int, glyphs: Glyphs, selected: bool, gone: bool, branches: str = ""
) -> Line:
    """One process in fixed columns; dim when it cannot be watched or has ended."""
    name = fit(written_out(row.name), _NAME, ellipsis=glyphs.ellipsis)
    numbers = (
        f"{row.pid:>{_PID}} {fit(written_out(row.user), _USER, ellipsis=glyphs.ellipsis)} "
        f"{row.threads:>{_THREADS}} {row.cpu_percent:>{_CPU}.1f} "
        f"{'X' if gone else row.state:<{_STATE}} "
    )
    room = max(width - 3 - len(numbers) - _NAME - 1, 0)
    # A command line can be megabytes; no more of it than fits needs escaping.
    command = branches + written_out(_without_folder(row.command[: _PATH + width])[:width])
    command = fit(command, room, ellipsis=glyphs.ellipsis)
    if gone or row.refusal:
        return ((f"   {numbers}{name} {command}", "dim"),)
    mark: Span = (f"{glyphs.holds if selected else ' '}  ", "selected")
    return (mark, (numbers, ""), (name + " ", "strong"), (command, "dim"))


def status_line(
    row: ProcessRow | None,
    selected: Sequence[ProcessRow],
    gone: bool,
    width: int,
    glyphs: Glyphs,
    keys: KeyMap = AS_SHIPPED,
) -> Line:
    """What the key that starts does now, or why it does nothing."""
    start = keys.text("start")
    # a word begins with a capital, a letter is the key itself
    start = start.capitalize() if len(start) > 1 else start
    if selected:
        names = ", ".join(f"{written_out(item.name)} {item.pid}" for item in selected)
        return ((fit(f"{start} watches {len(selected)} selected: {names}", width), "selected"),)
    if row is None:
        return (
            (
                fit(f"no process matches; {keys.text('filter.clear')} clears the filter", width),
                "warn",
            ),
        )
    who = f"{written_out(row.name)} {row.pid}"
    if gone:
        return ((fit(f"{glyphs.failed} {who} has ended", width), "warn"),)
    if row.refusal:
        return ((fit(f"{glyphs.failed} {who} cannot be watched: {row.refusal}", width), "warn"),)
    ways = f"{start} watches {who}; {keys.text('select')} selects several"
    ways = fit(ways, width, ellipsis=glyphs.ellipsis).rstrip() + "  "
    command = written_out(row.command[:width])
    return ((ways, "dim"), (fit(command, width - len(ways), ellipsis=glyphs.ellipsis), ""))
