"""The one table of keys: bindings, footer, help, palette and README are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType

from twtui.ui.glyphs import UNICODE


class Where(StrEnum):
    """The part of the application in which a key works."""

    EVERYWHERE = "everywhere"
    MONITOR = "monitor"
    GROUPS = "captured, grouped"
    FILTER = "while a filter is typed"
    REPLAY = "monitor, over a recording"
    FAILED = "monitor, after a failure"
    PICKER = "picker"
    FINDINGS = "first screen where something is missing"
    LIST = "lists"
    READING = "captured, help and detail"
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
    beside: tuple[str, ...] = ()
    """Ids of keys that its hint in the footer stands for as well; they come first."""

    @property
    def text(self) -> str:
        """The key as people write it."""
        return self.shown or self.keys.split(",")[0]

    @property
    def texts(self) -> tuple[str, ...]:
        """The same, then the alternatives by their names."""
        return (self.text, *self.keys.split(",")[1:])


_EVERYWHERE, _MONITOR, _PICKER, _GROUPS = (
    Where.EVERYWHERE,
    Where.MONITOR,
    Where.PICKER,
    Where.GROUPS,
)
_LIST, _DIALOG, _DETAIL, _READING = Where.LIST, Where.DIALOG, Where.DETAIL, Where.READING
_FILTER, _FINDINGS, _REPLAY = Where.FILTER, Where.FINDINGS, Where.REPLAY
_FAILED = Where.FAILED
_ARROWS = UNICODE

KEYS = (
    Key("mode", "m", "toggle_mode", "mode", "Switch between resume and signal mode", _MONITOR, rank=1),
    Key("map.hash", "1", "toggle_map('hash')", "", "Let the hash map schedule, or not", _MONITOR),
    Key("map.array", "2", "toggle_map('array')", "", "Let the array map schedule, or not", _MONITOR),
    Key("map.lru_hash", "3", "toggle_map('lru_hash')", "", "Let the lru_hash map schedule, or not", _MONITOR),
    Key("map.all", "0", "all_maps", "maps", "Let all map kinds schedule", _MONITOR, rank=3, beside=("map.hash", "map.array", "map.lru_hash")),
    Key("probe", "c", "probe", "probe", "Schedule one callback now on every thread of the targets", _MONITOR, rank=4),
    Key("pause", "space", "pause", "pause", "Hold the view; collecting goes on and is counted", _MONITOR, rank=2),
    Key("filter", "slash", "filter", "filter", "Show only the events that match: pid:1,2 delay>100us rescued \"words\" …", _MONITOR, "/", rank=2),
    Key("group", "g", "group", "group", "Group the events by value, with counts and rates; or list them again", _MONITOR, rank=5),
    Key("group.sort", "s", "sort", "sort", "Sort the values by the next column", _GROUPS, rank=4),
    Key("group.reverse", "S", "reverse", "", "Sort them the other way round", _GROUPS),
    Key("follow", "f", "follow", "follow", "Keep the newest event, or the order by rank, in view", _MONITOR, rank=6),
    Key("detail", "enter", "detail", "detail", "Show one event: times, results, all bytes", _MONITOR, rank=4),
    Key("split", "l", "split", "", "Compare latencies by mode, or by map kind", _MONITOR),
    Key("zoom", "z", "zoom", "zoom", "Give the focused pane the whole screen, or give it back", _MONITOR, rank=6),
    Key("pane.next", "tab", "app.focus_next", "panes", "Go to the next pane; shift+tab goes back", _MONITOR, rank=9),
    Key("copy", "y", "copy", "copy", "Copy what the event under the cursor brought, escaped", _MONITOR, rank=7),
    Key("export", "e", "export", "export", "Write the events in view to a file, as JSON Lines", _MONITOR, rank=7),
    Key("record", "r", "record", "record", "Record the run to a file from here on, or stop that", _MONITOR, rank=6),
    Key("reset", "x", "reset", "", "Count from 0 on the screen; the ledger itself goes on", _MONITOR),
    Key("reset.undo", "X", "unreset", "", "Show everything since the start again", _MONITOR),
    Key("filter.drop", "escape", "drop_filter", "", "Show all events again", _MONITOR, "esc"),
    Key("picker", "p", "app.picker", "picker", "End this run and pick other processes", _MONITOR, rank=5),
    Key("replay.play", "space", "pause", "play", "Play or hold the recording", _REPLAY, rank=1),
    Key("replay.back", "left", "wind(-5)", "", "5 seconds back", _REPLAY, _ARROWS.left),
    Key("replay.on", "right", "wind(5)", "5 s", "5 seconds on", _REPLAY, _ARROWS.right, rank=2, beside=("replay.back",)),
    Key("replay.step_back", "comma", "step(-1)", "", "Back to where events came before, and hold", _REPLAY, ","),
    Key("replay.step", "full_stop", "step(1)", "step", "On to where events come next, and hold", _REPLAY, ".", rank=3, beside=("replay.step_back",)),
    Key("replay.slower", "less_than_sign", "speed(0.5)", "", "Half as fast", _REPLAY, "<"),
    Key("replay.faster", "greater_than_sign", "speed(2)", "speed", "Twice as fast", _REPLAY, ">", rank=3, beside=("replay.slower",)),
    Key("log", "v", "log", "log/numbers", "Show the log of the failure, or the last numbers", _FAILED, rank=1),
    Key("filter.keep", "enter,tab", "keep", "keep", "Keep the filter and go to the events", _FILTER, rank=1),
    Key("filter.back", "escape", "back", "as before", "Take back what was typed", _FILTER, "esc", rank=2),
    Key("start", "enter", "start", "watch", "Watch the selected processes, or the one under the cursor", _PICKER, rank=1),
    Key("select", "space", "select", "select", "Select the process under the cursor, or not", _PICKER, rank=2),
    Key("preset.before", "left", "preset(-1)", "", "What to watch: the preset before this one", _PICKER, _ARROWS.left),
    Key("preset.after", "right", "preset(1)", "preset", "What to watch: the preset after this one", _PICKER, _ARROWS.right, rank=2, beside=("preset.before",)),
    Key("pick.mode", "f2", "next_mode", "mode", "Start in resume mode, in signal mode, or as the preset says", _PICKER, rank=4),
    Key("pick.maps", "f3", "next_maps", "maps", "Start with all map kinds, with one, or as the preset says", _PICKER, rank=4),
    Key("tree", "f5", "tree", "tree", "Show processes under their parents, or in one list", _PICKER, rank=5),
    Key("sort", "tab", "sort", "sort", "Sort by the next column", _PICKER, rank=3),
    Key("sort.again", "shift+tab", "sort_again", "", "Sort by the same column once more, by the newest numbers", _PICKER),
    Key("sort.reverse", "f6", "reverse", "", "Sort the other way round", _PICKER),
    Key("filter.clear", "escape", "clear_filter", "clear", "Clear the filter and the selection", _PICKER, "esc", rank=6),
    Key("demo", "enter,d", "demo", "demo", "Look at the screens over made-up data", _FINDINGS, rank=1),
    Key("replay", "r", "replay", "replay", "Look at a recording", _FINDINGS, rank=2),
    Key("check", "c", "check", "check again", "Look again at what is missing", _FINDINGS, rank=3),
    Key("close", "escape,enter", "close", "close", "Go back to the monitor or the picker", _DIALOG, "esc", rank=1),
    Key("event.earlier", "left", "step(-1)", "", "The event before this one", _DETAIL, _ARROWS.left),
    Key("event.later", "right", "step(1)", "", "The event after this one", _DETAIL, _ARROWS.right),
    Key("detail.copy", "y", "copy", "", "Copy what the event brought, escaped", _DETAIL),
    Key("up", "up", "cursor(-1)", "", "One row up", _LIST, _ARROWS.up),
    Key("down", "down", "cursor(1)", "", "One row down", _LIST, _ARROWS.down),
    Key("page.up", "pageup", "page(-1)", "", "One page up", _LIST, "pgup"),
    Key("page.down", "pagedown", "page(1)", "", "One page down", _LIST, "pgdn"),
    Key("first", "home", "first", "", "To the first row", _LIST),
    Key("last", "end", "last", "", "To the last row; in Captured, follow again", _LIST),
    Key("vi.up", "k", "cursor(-1)", "", "One row up", _READING),
    Key("vi.down", "j", "cursor(1)", "", "One row down", _READING),
    Key("vi.last", "G", "last", "", "To the last row; in Captured, follow again", _READING),
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
            id=binding_id(key.id),
        )
        for key in KEYS
        if key.where in places
    ]


def binding_id(key_id: str) -> str:
    """What Textual knows a key of the table by."""
    return f"twtui.{key_id}"
