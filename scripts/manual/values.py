"""What may stand after an option: fixed words from the tables, or something that the machine knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

from twtui.model.enums import MapKind
from twtui.model.presets import PRESETS
from twtui.model.reference import CAPTURE_FORMS, TRIGGER_FORMS, Form
from twtui.settings.table import Setting


class Source(Enum):
    """Who knows the words."""

    NOBODY = "nobody"
    """Anything may stand there."""
    TABLE = "table"
    FILES = "files"
    PROCESSES = "processes"
    THREADS = "threads"
    USERS = "users"
    HOSTS = "hosts"
    TRIGGERS = "triggers"
    """The table, and what tracefs lists."""


class Word(NamedTuple):
    """One word that may stand there, and what it means."""

    text: str
    meaning: str = ""


class Values(NamedTuple):
    """What may stand after one option."""

    source: Source
    words: tuple[Word, ...] = ()
    is_list: bool = False
    """Several may stand there, with commas between them."""


def _of_forms(forms: Iterable[Form]) -> tuple[Word, ...]:
    return tuple(Word(text, plain(form.meaning)) for form in forms for text in form.examples)


def _kinds() -> Values:
    words = (*(Word(kind) for kind in MapKind), Word("all"))
    return Values(Source.TABLE, words, is_list=True)


_BY_NAME: dict[str, Callable[[], Values]] = {
    "preset": lambda: Values(
        Source.TABLE, tuple(Word(preset.name, preset.description) for preset in PRESETS.values())
    ),
    "map": _kinds,
    "trigger": lambda: Values(Source.TRIGGERS, _of_forms(TRIGGER_FORMS), is_list=True),
    "capture": lambda: Values(Source.TABLE, _of_forms(CAPTURE_FORMS)),
}
_BY_METAVAR = {
    "FILE": Values(Source.FILES),
    "PID": Values(Source.PROCESSES, is_list=True),
    "TID": Values(Source.THREADS, is_list=True),
    "USER": Values(Source.USERS),
    "USER@HOST": Values(Source.HOSTS),
}


def values_of(setting: Setting) -> Values:
    """What may stand after an option; ``Source.NOBODY`` where the tables do not say."""
    if setting.choices:
        return Values(Source.TABLE, tuple(map(Word, setting.choices)))
    if make := _BY_NAME.get(setting.name):
        return make()
    return _BY_METAVAR.get(setting.metavar, Values(Source.NOBODY))


def plain(text: str) -> str:
    """A sentence of the tables without the marks around code."""
    return text.replace("`", "")


def flags_of(setting: Setting) -> tuple[str, ...]:
    """As they are typed, the short one first."""
    short = (f"-{setting.short}",) if setting.short else ()
    return (*short, f"--{setting.name}")
