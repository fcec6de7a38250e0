"""The presets command: what can be watched by name, what it needs, and whether a process has it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from twtui.commands.doctor import Check, first_obstacle
from twtui.commands.output import print_pieces
from twtui.errors import TwtuiError
from twtui.harmless import written_out
from twtui.json_text import indented
from twtui.mapped_files import mapped_files
from twtui.model.plan import Target
from twtui.model.presets import Answer, Availability, Preset, availability
from twtui.processes import Machine, find_target


class Subject(NamedTuple):
    """A process that is asked about."""

    target: Target
    files: frozenset[str] | None
    """Paths that it has mapped; None when they cannot be seen."""


def list_presets(
    options: argparse.Namespace,
    checks: Callable[[], Sequence[Check]],
    machine: Machine | None = None,
) -> int:
    """Print them; for the processes that ``-p`` names, also whether they work.

    Args:
        options: With ``pid``, ``json`` and ``config``.
        checks: Asks the doctor; only called when there is a process.
        machine: Where to look; None: as far as we see ourselves.

    Returns:
        The exit code.

    Raises:
        NoSuchTargetError: There is no such process.
    """
    pids = dict.fromkeys(pid for part in options.pid or () for pid in part)
    look = machine.mapped_files if machine else mapped_files
    subjects = [Subject(find_target(pid), look(pid)) for pid in pids]
    found = checks() if subjects else ()
    print_pieces([report(options.config.presets, subjects, found, options.json)])
    return 0


def report(
    presets: Mapping[str, Preset],
    subjects: Sequence[Subject],
    checks: Sequence[Check],
    as_json: bool,
) -> str:
    """Every preset, for standard output; ``checks`` are the doctor's."""
    ask = partial(_answer, obstacle=first_obstacle(checks), has_tracefs=_has_tracefs(checks))
    if as_json:
        shown = [
            _fields(preset) | _available([(subject, ask(preset, subject)) for subject in subjects])
            for preset in presets.values()
        ]
        return indented({"presets": shown})
    width = max(map(len, presets))
    lines = []
    for preset in presets.values():
        lines.append(f"{preset.name:<{width}}  {preset.description or preset.text}")
        if preset.needs:
            lines.append(f"{'':<{width}}  needs {preset.needs}")
        for subject in subjects:
            found = ask(preset, subject)
            who = f"{subject.target.pid} {written_out(subject.target.name)}".strip()
            reason = f": {written_out(found.reason)}" if found.reason else ""
            lines.append(f"{'':<{width}}  {found.answer} on {who}{reason}")
    return "\n".join(lines) + "\n"


def _has_tracefs(checks: Sequence[Check]) -> bool | None:
    found = {check["name"]: check["answer"] for check in checks}
    return {"yes": True, "no": False}.get(found.get("tracefs", ""))


def _answer(
    preset: Preset, subject: Subject, obstacle: TwtuiError | None, has_tracefs: bool | None
) -> Availability:
    if obstacle:
        return Availability(Answer.NO, obstacle.message)
    return availability(preset, subject.files, has_tracefs)


def _fields(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "description": preset.description,
        "needs": preset.needs,
        "watches": [pair._asdict() for pair in preset.pairs],
        "map": preset.map_kinds,
        "mode": preset.mode,
        "defer": preset.defer,
        "max_bytes": preset.max_bytes,
        "children": preset.children,
    }


def _available(found: Sequence[tuple[Subject, Availability]]) -> dict[str, Any]:
    if not found:
        return {}
    return {
        "available": [
            {"pid": subject.target.pid, "answer": answer, "reason": reason}
            for subject, (answer, reason) in found
        ]
    }
