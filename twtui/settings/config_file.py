"""One config file: read, if it is there and may be trusted, and checked against the table of settings."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from twtui.errors import UsageError
from twtui.model.presets import Preset
from twtui.settings.config_presets import presets_of
from twtui.settings.meanings import check_meaning
from twtui.settings.table import SETTINGS, Setting

_TABLES = ("presets", "keys")
_MOST_BYTES = 1 << 20
_MEND = "mend it there, or take it away"


class Value(NamedTuple):
    """What a setting is, and who says so."""

    value: Any
    source: str
    """``flag``, ``environment TWTUI_…``, ``file …`` or ``default``."""
    text: str
    """As a person would write it."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a config file says, checked."""

    path: Path | None = None
    """None: there is none."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """By the setting's ``key``."""
    presets: Mapping[str, Preset] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Ids of keys to the keys that a user wants for them; for the screens to check."""


class Place(NamedTuple):
    """Where a config file would be."""

    path: Path
    by_name: bool
    """A person named this file, so it has to be there, and may be anybody's."""
    owners: frozenset[int] = frozenset()
    """UIDs that may own the others."""


def read_config(place: Place) -> ConfigFile:
    """Read and check one file.

    Raises:
        UsageError: It cannot be read, is somebody else's, or says something wrong.
    """
    path = place.path
    try:
        data, owner = _read(path)
    except FileNotFoundError:
        if not place.by_name:
            return ConfigFile()
        raise UsageError(f"there is no config file {path}", "name another with --config") from None
    except OSError as error:
        if not place.by_name and isinstance(error, PermissionError | NotADirectoryError):
            return ConfigFile()
        raise _bad(path, f"cannot be read: {error.strerror}") from None
    if not place.by_name and owner not in place.owners:
        raise _bad(path, f"belongs to somebody else (UID {owner})")
    if len(data) > _MOST_BYTES:
        raise _bad(path, "is larger than 1 MiB")
    try:
        return _checked(path, tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(path, f"is not TOML: {error}") from None


def _read(path: Path) -> tuple[bytes, int]:
    """At most one byte too many, and the owner."""
    # not a FIFO of somebody else's to wait for
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(fd, _MOST_BYTES + 1), os.fstat(fd).st_uid
    finally:
        os.close(fd)


def _bad(path: Path, message: str) -> UsageError:
    return UsageError(f"config file {path}: {message}", "mend it, or name another with --config")


def _checked(path: Path, content: Mapping[str, Any]) -> ConfigFile:
    settings = {setting.name: setting for setting in SETTINGS if setting.configurable}
    values = {}
    for name, given in content.items():
        if name in _TABLES:
            continue
        setting = settings.get(name.replace("_", "-"))
        if setting is None:
            close = ", ".join(settings)
            raise UsageError(
                f"config file {path}: unknown key {name}",
                f"it may have {close}, [presets.NAME] and [keys]",
            )
        if setting.key in values:
            raise _bad(path, f"says {setting.name} twice")
        values[setting.key] = _of_file(path, setting, given)
    keys = content.get("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise _bad(path, "[keys] takes texts, as mode = 'm'")
    return ConfigFile(path, values, presets_of(str(path), content.get("presets", {})), keys)


def _of_file(path: Path, setting: Setting, given: object) -> Value:
    where = f"config file {path}: {setting.name}"
    if not setting.metavar:
        if not isinstance(given, bool):
            raise UsageError(f"{where} takes true or false", _MEND)
        return Value(given, f"file {path}", text_of(setting, given))
    if isinstance(given, list) and all(isinstance(item, str) for item in given):
        given = ",".join(given)
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise UsageError(f"{where} takes a text or a number", _MEND)
    return Value(parsed(setting, str(given), where), f"file {path}", str(given))


def parsed(setting: Setting, text: str, where: str) -> Any:
    """The value that a text means for a setting.

    Raises:
        UsageError: It means none; starts with ``where``.
    """
    if setting.choices and text not in setting.choices:
        raise UsageError(f"{where}: {text!r} is not one of {', '.join(setting.choices)}", _MEND)
    try:
        value = setting.parse(text)
        check_meaning(setting.key, value)
        return value
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", error.hint) from None


def text_of(setting: Setting, value: object) -> str:
    """A value as a person would write it."""
    if value == setting.default and setting.default_text:
        return setting.default_text
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
