"""The table of keys as a user has changed it: checked once, then the same for bindings, footer and help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from textual.keys import Keys, _character_to_key

from twtui.errors import UsageError
from twtui.ui.glyphs import UNICODE, Glyphs
from twtui.ui.keys import KEYS, Key, Where, binding_id

_TOGETHER = (
    (
        Where.REPLAY,
        Where.MONITOR,
        Where.GROUPS,
        Where.FAILED,
        Where.LIST,
        Where.READING,
        Where.EVERYWHERE,
    ),
    (Where.PICKER, Where.LIST, Where.EVERYWHERE),
    (Where.DIALOG, Where.DETAIL, Where.LIST, Where.READING, Where.EVERYWHERE),
    (Where.FINDINGS, Where.LIST, Where.READING, Where.EVERYWHERE),
    (Where.FILTER,),
)
"""Places whose keys work at the same time, so that none may be taken twice."""
_ARROWS = ("left", "right", "up", "down")
_NAMES = frozenset(key.value for key in Keys)
_MODIFIERS = ("ctrl+", "alt+", "shift+")


@dataclass(frozen=True, slots=True)
class KeyMap:
    """The keys in force."""

    keys: tuple[Key, ...] = KEYS
    changes: Mapping[str, str] | None = None
    """What differs from the table: Textual's binding ids to Textual's key names."""

    def of(self, *places: Where) -> Iterator[Key]:
        """The keys of some places."""
        return (key for key in self.keys if key.where in places)

    def hints(self, *places: Where, without: frozenset[str] = frozenset()) -> tuple[Key, ...]:
        """What the footer shows there, in the table's order, without the keys of some ids."""
        shown = (key for key in self.of(*places) if key.label and key.id not in without)
        return tuple(replace(key, shown=" ".join(self._texts(key))) for key in shown)

    def _texts(self, key: Key) -> Iterator[str]:
        yield from filter(None, map(self.text, key.beside))
        yield key.text

    def without(self, ids: frozenset[str]) -> KeyMap:
        """The same where the keys of some ids are not shown."""
        return replace(self, keys=tuple(key for key in self.keys if key.id not in ids))

    def drawn_with(self, glyphs: Glyphs) -> KeyMap:
        """The same with the signs that a screen can show."""
        signs = {getattr(UNICODE, name): getattr(glyphs, name) for name in _ARROWS}
        keys = (
            replace(
                key,
                shown=signs.get(key.shown, key.shown),
                description=key.description.replace(UNICODE.ellipsis, glyphs.ellipsis),
            )
            for key in self.keys
        )
        return replace(self, keys=tuple(keys))

    def text(self, key_id: str) -> str:
        """How people write one key; empty where it is not shown."""
        return next((key.text for key in self.keys if key.id == key_id), "")


AS_SHIPPED = KeyMap()
"""The table as it is."""


def _textual_name(written: str) -> str:
    """Textual's name of one key as people write it: ``M``, ``?``, ``ctrl+x``, ``f2``."""
    name = written.strip()
    if len(name) == 1:
        return _character_to_key(name)
    plain = name.lower()
    bare = plain
    for modifier in _MODIFIERS:
        bare = bare.removeprefix(modifier)
    if plain in _NAMES or bare in _NAMES or (plain != bare and len(bare) == 1):
        return plain
    raise UsageError(
        f"[keys]: unknown key {written!r}", "write a letter, a sign, f2, space, ctrl+x and so on"
    )


def key_map(wanted: Mapping[str, str]) -> KeyMap:
    """The table with a user's changes.

    Args:
        wanted: Ids of the table to keys, several with commas between them.

    Raises:
        UsageError: An unknown id or key, or a key that has something else to do in the same place.
    """
    known = {key.id for key in KEYS}
    for key_id in wanted:
        if key_id not in known:
            raise UsageError(
                f"[keys]: unknown name {key_id!r}", f"there are {', '.join(sorted(known))}"
            )
    names = {
        key_id: ",".join(map(_textual_name, text.split(",") if text != "," else [text]))
        for key_id, text in wanted.items()
    }
    keys = tuple(
        replace(key, keys=names[key.id], shown=wanted[key.id].split(",")[0].strip() or ",")
        if key.id in names
        else key
        for key in KEYS
    )
    _check(keys)
    return KeyMap(keys, {binding_id(key_id): name for key_id, name in names.items()})


def _check(keys: tuple[Key, ...]) -> None:
    for places in _TOGETHER:
        taken: dict[str, Key] = {}
        for key in keys:
            if key.where not in places:
                continue
            for name in key.keys.split(","):
                other = taken.setdefault(name, key)
                # space is one key and one action: over a recording it plays, elsewhere it pauses
                if other.action != key.action:
                    raise UsageError(
                        f"[keys]: {key.text} would be both {other.id} and {key.id}",
                        "give one of them another key",
                    )
