"""The presets of a config file: ``[presets.NAME]`` tables, checked as strictly as flags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from twtui.errors import UsageError
from twtui.model.capture import MAX_DATA_BYTES
from twtui.model.enums import Defer, MapKind, Mode
from twtui.model.plan import MAX_WATCHES
from twtui.model.presets import Pair, Preset

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_FIELDS = ("description", "needs", "watch", "map", "defer", "mode", "max-bytes", "children")
_WATCH_FIELDS = ("trigger", "capture", "optional")
_EXAMPLE = 'write watch = [{ trigger = "syscall:openat", capture = "str(arg2)" }]'
_Word = TypeVar("_Word", bound=StrEnum)


def presets_of(path: str, table: object) -> dict[str, Preset]:
    """The presets of one file.

    Args:
        path: The file, for messages.
        table: What ``[presets]`` holds.

    Raises:
        UsageError: Something is wrong in it; names the file and the key.
    """
    if not isinstance(table, dict):
        raise UsageError(f"config file {path}: presets is not a table", "write [presets.NAME]")
    return {name: _preset(path, name, fields) for name, fields in table.items()}


class _Reader:
    """Takes fields of one table and says what is wrong with them, and where."""

    def __init__(self, where: str, fields: object, known: tuple[str, ...]) -> None:
        self.where = where
        if not isinstance(fields, dict):
            raise UsageError(f"{where} is not a table", _EXAMPLE)
        self._fields: Mapping[str, Any] = fields
        for name in fields:
            if name not in known:
                raise UsageError(f"{where}: unknown key {name}", f"it may have {', '.join(known)}")

    def error(self, name: str, message: str) -> UsageError:
        return UsageError(f"{self.where}.{name} {message}", _EXAMPLE)

    def get(self, name: str) -> Any:
        return self._fields.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._fields.get(name, default)
        if not isinstance(value, str) or not value.isprintable():
            raise self.error(name, "takes a text of one line")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.error(name, "takes true or false")
        return value

    def word(self, name: str, words: type[_Word]) -> _Word | None:
        value = self._fields.get(name)
        if value is not None and value not in list(words):
            raise self.error(name, f"takes one of {', '.join(words)}")
        return None if value is None else words(value)


def _preset(path: str, name: str, fields: object) -> Preset:
    reader = _Reader(f"config file {path}: presets.{name}", fields, _FIELDS)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{reader.where}: bad name", "use letters, digits, _, - and .")
    preset = Preset(
        name=name,
        description=reader.text("description", ""),
        pairs=_pairs(reader),
        needs=reader.text("needs", ""),
        map_kinds=_map_kinds(reader),
        defer=reader.word("defer", Defer),
        mode=reader.word("mode", Mode),
        max_bytes=_max_bytes(reader),
        children=reader.flag("children"),
    )
    try:
        preset.watches()
    except UsageError as error:
        raise UsageError(f"{reader.where}: {error.message}", error.hint) from None
    return preset


def _pairs(reader: _Reader) -> tuple[Pair, ...]:
    items = reader.get("watch")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_WATCHES:
        raise reader.error("watch", f"takes 1 to {MAX_WATCHES} pairs of trigger and capture")
    pairs = []
    for number, item in enumerate(items, 1):
        pair = _Reader(f"{reader.where}.watch[{number}]", item, _WATCH_FIELDS)
        pairs.append(Pair(pair.text("trigger"), pair.text("capture"), bool(pair.flag("optional"))))
    return tuple(pairs)


def _map_kinds(reader: _Reader) -> tuple[MapKind, ...] | None:
    text = reader.get("map")
    if text is None:
        return None
    named = str(text).replace(" ", "").split(",")
    if not set(named) <= {"all", *MapKind}:
        raise reader.error("map", "takes hash, array, lru_hash or all")
    return tuple(kind for kind in MapKind if "all" in named or kind in named)


def _max_bytes(reader: _Reader) -> int | None:
    value = reader.get("max-bytes")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 8 <= value <= MAX_DATA_BYTES:
        raise reader.error("max-bytes", f"takes 8 to {MAX_DATA_BYTES}")
    return value
