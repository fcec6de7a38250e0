"""Writes the README's tables from the tables in the code. With --check, only says whether they differ."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from twtui.errors import EXIT_CODES
from twtui.model.disturbance import CALLS, BlockedCall, Reach
from twtui.model.enums import Mode
from twtui.model.presets import PRESETS, Preset
from twtui.model.reference import CAPTURE_FORMS, TRIGGER_FORMS, Form
from twtui.settings.table import COMMANDS, SETTINGS, Setting
from twtui.ui.keys import KEYS

README = Path(__file__).resolve().parent.parent / "README.md"
_MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines]) + "\n"


def _flag(setting: Setting) -> tuple[str, str, str, str]:
    value = f" {setting.metavar}" if setting.metavar else ""
    short = f"-{setting.short}, " if setting.short else ""
    known = sorted(set(setting.commands), key=list(COMMANDS).index)
    where = "all" if len(known) == len(COMMANDS) else " ".join(name or "twtui" for name in known)
    return (
        f"`{short}--{setting.name}{value}`",
        setting.help,
        setting.default_words,
        where,
    )


def flags() -> str:
    """Commands, then options."""
    commands = ((f"`twtui {name}`".replace(" `", "`"), text) for name, text in COMMANDS.items())
    return (
        _table(("command", "what it does"), commands)
        + "\n"
        + _table(("option", "meaning", "default", "of"), map(_flag, SETTINGS))
    )


def keys() -> str:
    """Every key, with the place where it works."""
    return _table(
        ("key", "where", "what it does"),
        (
            (", ".join(f"`{text}`" for text in key.texts), key.where, key.description)
            for key in KEYS
        ),
    )


def _forms(head: str, forms: Iterable[Form]) -> str:
    return _table(
        (head, "meaning"),
        ((", ".join(f"`{example}`" for example in form.examples), form.meaning) for form in forms),
    )


def _preset(preset: Preset) -> tuple[str, str, str, str]:
    """A row, with an option for each field of a preset that has an opinion."""
    said = {
        "map": preset.map_kinds and ",".join(preset.map_kinds),
        "mode": preset.mode,
        "defer": preset.defer,
        "max-bytes": preset.max_bytes,
    }
    options = [f"`--{name} {value}`" for name, value in said.items() if value is not None]
    options += ["`--children`"] if preset.children else []
    return f"`{preset.name}`", preset.description, preset.needs, ", ".join(options)


def presets() -> str:
    """The built-in ones."""
    return _table(("preset", "shows", "needs", "sets"), map(_preset, PRESETS.values()))


def _blocked(call: BlockedCall) -> str:
    name, *rest = call.text.split(" ", 1)
    return " ".join((f"`{name}`", *rest)) + (f", {call.state}" if call.state else "")


def disturbance() -> str:
    """What a blocked thread sees of each mode."""
    return _table(
        ("blocked in", "resume", *(f"signal: {reach}" for reach in Reach)),
        (
            (
                _blocked(call),
                call.effect(Mode.RESUME, Reach.ASLEEP),
                *(call.effect(Mode.SIGNAL, reach) for reach in Reach),
            )
            for call in CALLS
        ),
    )


def exits() -> str:
    """What the exit codes mean."""
    return _table(("code", "meaning"), ((str(code), text) for code, text in EXIT_CODES.items()))


BLOCKS: dict[str, Callable[[], str]] = {
    "flags": flags,
    "keys": keys,
    "triggers": lambda: _forms("trigger", TRIGGER_FORMS),
    "captures": lambda: _forms("capture", CAPTURE_FORMS),
    "presets": presets,
    "disturbance": disturbance,
    "exits": exits,
}


def generated(text: str) -> str:
    """The README with all its blocks as the tables are now.

    Raises:
        SystemExit: A block is missing, or unknown.
    """
    found = [name for _, name, _ in _MARKED.findall(text)]
    if sorted(found) != sorted(BLOCKS):
        raise SystemExit(f"README.md has the blocks {found}, but there are {list(BLOCKS)}")
    return _MARKED.sub(lambda match: match[1] + BLOCKS[match[2]]() + match[3], text)


def main() -> int:
    """Write or check.

    Returns:
        The exit code: 1 where they differ.
    """
    text = README.read_text()
    new = generated(text)
    if "--check" in sys.argv[1:]:
        if new != text:
            sys.stderr.write("README.md differs from the tables: make docs\n")
        return int(new != text)
    README.write_text(new)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
