"""The one table of keys: bindings, footer, help, palette and README are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Where(StrEnum):
    """The part of the application in which a key works."""

    EVERYWHERE = "everywhere"
    MONITOR = "monitor"
    PICKER = "picker"
    LIST = "lists"
    DIALOG = "help and detail"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the table."""

    id: str
    """Name under which users remap it."""
    keys: str
    """Textual's names, comma between alternatives."""
    action: str
    label: str
    """One or two words for the footer; empty keeps it out."""
    description: str
    """A sentence for help, palette and README."""
    where: Where
    shown: str = ""
    """How people write the key, when it is not its name."""
    rank: int = 5
    """The footer drops higher ranks first when it is narrow."""

    @property
    def text(self) -> str:
        """The key as people write it."""
        return self.shown or self.keys.split(",")[0]


_EVERYWHERE, _MONITOR, _PICKER = Where.EVERYWHERE, Where.MONITOR, Where.PICKER
_LIST, _DIALOG, _DETAIL = Where.LIST, Where.DIALOG, Where.DETAIL

KEYS = (
    Key("mode", "m", "toggle_mode", "mode", "Switch between resume and signal mode", _MONITOR, rank=1),
    Key("map.hash", "1", "toggle_map('hash')", "", "Let the hash map schedule, or not", _MONITOR),
    Key("map.array", "2", "toggle_map('array')", "", "Let the array map schedule, or not", _MONITOR),
    Key("map.lru_hash", "3", "toggle_map('lru_hash')", "", "Let the lru_hash map schedule, or not", _MONITOR),
    Key("map.all", "0", "all_maps", "maps", "Let all map kinds schedule", _MONITOR, "1 2 3 0", rank=2),
    Key("probe", "c", "probe", "probe", "Schedule one callback now on every thread of the targets", _MONITOR, rank=3),
    Key("pause", "space", "pause", "pause", "Hold the view; collecting goes on and is counted", _MONITOR, rank=2),
    Key("follow", "f", "follow", "follow", "Keep the newest event in view", _MONITOR, rank=6),
    Key("detail", "enter", "detail", "detail", "Show one event: times, results, all bytes", _MONITOR, rank=4),
    Key("zoom", "z", "zoom", "zoom", "Give the focused pane the whole screen, or give it back", _MONITOR, rank=6),
    Key("pane.next", "tab", "app.focus_next", "panes", "Go to the next pane; shift+tab goes back", _MONITOR, rank=7),
    Key("picker", "p", "app.picker", "picker", "End this run and pick other processes", _MONITOR, rank=5),
    Key("start", "enter", "start", "watch", "Watch the selected processes, or the one under the cursor", _PICKER, rank=1),
    Key("select", "space", "select", "select", "Select the process under the cursor, or not", _PICKER, rank=2),
    Key("sort", "tab", "sort", "sort", "Sort by the next column", _PICKER, rank=3),
    Key("sort.again", "shift+tab", "sort_again", "", "Sort by the same column once more, by the newest numbers", _PICKER),
    Key("filter.clear", "escape", "clear_filter", "clear", "Clear the filter and the selection", _PICKER, "esc", rank=5),
    Key("close", "escape,enter", "close", "close", "Go back to the monitor or the picker", _DIALOG, "esc", rank=1),
    Key("event.earlier", "left", "step(-1)", "", "The event before this one", _DETAIL, "←"),
    Key("event.later", "right", "step(1)", "", "The event after this one", _DETAIL, "→"),
    Key("up", "up", "cursor(-1)", "", "One row up", _LIST, "↑"),
    Key("down", "down", "cursor(1)", "", "One row down", _LIST, "↓"),
    Key("page.up", "pageup", "page(-1)", "", "One page up", _LIST, "pgup"),
    Key("page.down", "pagedown", "page(1)", "", "One page down", _LIST, "pgdn"),
    Key("first", "home", "first", "", "To the first row", _LIST),
    Key("last", "end", "last", "", "To the last row; in Captured, follow again", _LIST),
    Key("help", "question_mark,f1", "app.help", "help", "Show the keys and what the words mean", _EVERYWHERE, "?", rank=2),
    Key("palette", "ctrl+p", "app.command_palette", "palette", "Find any action or theme by its name", _EVERYWHERE, rank=8),
    Key("quit", "q,ctrl+c", "app.quit", "quit", "Detach everything and leave", _EVERYWHERE, rank=1),
)  # fmt: skip
"""Every key, in the order in which people meet them."""


def bindings(*places: Where) -> list[BindingType]:
    """The table's keys for one place, as Textual takes them; ids make them remappable."""
    return [
        Binding(
            key.keys,
            key.action,
            key.label or key.description,
            show=bool(key.label),
            key_display=key.shown or None,
            id=f"twtui.{key.id}",
        )
        for key in KEYS
        if key.where in places
    ]


def hints(places: Iterable[Where]) -> tuple[Key, ...]:
    """What the footer of one place shows, in the table's order."""
    wanted = frozenset(places)
    return tuple(key for key in KEYS if key.where in wanted and key.label)
