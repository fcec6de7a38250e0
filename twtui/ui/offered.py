"""Which keys of the monitor can do something now: footer, help, palette and advice name only those."""

from __future__ import annotations

from twtui.model.enums import RunState
from twtui.model.snapshot import Snapshot
from twtui.ui.key_map import KeyMap

_NONE: frozenset[str] = frozenset()
_NOT_IN_RECORDING = frozenset(
    ("mode", "map.hash", "map.array", "map.lru_hash", "map.all", "probe", "record")
)
"""Keys that would change what has long been."""
_NOT_IN_PLAYBACK = frozenset(("pause",))
"""There it plays and holds the recording."""
_NOT_AFTER_FAILURE = frozenset(("mode", "map.all", "probe", "pause", "record"))
"""Keys that would need a run."""
_NOT_OVER_LOG = frozenset(
    ("filter", "group", "follow", "detail", "zoom", "pane.next", "export", "group.sort")
)
"""Keys of what the log hides."""


def _without_meaning(snapshot: Snapshot) -> frozenset[str]:
    if not snapshot.is_recorded:
        return _NONE
    return _NOT_IN_RECORDING | (_NOT_IN_PLAYBACK if snapshot.playback is not None else _NONE)


def offered(keys: KeyMap, snapshot: Snapshot | None) -> KeyMap:
    """The keys but for those that change nothing in a recording."""
    return keys if snapshot is None else keys.without(_without_meaning(snapshot))


def idle(snapshot: Snapshot, log_shown: bool) -> frozenset[str]:
    """Ids of the keys that do nothing at the moment, so that the footer leaves them out."""
    ids = _without_meaning(snapshot)
    ids |= _NOT_AFTER_FAILURE if snapshot.state is RunState.FAILED else _NONE
    return ids | (_NOT_OVER_LOG if log_shown else _NONE)
