"""What to watch, as the picker offers it: a line for the choice, and the list of presets beside the table."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from twtui.harmless import written_out
from twtui.model.disturbance import Reach, furthest_reach, warning
from twtui.model.enums import Mode
from twtui.model.presets import Answer, Availability, Preset
from twtui.ui.choices import Choice
from twtui.ui.glyphs import Glyphs
from twtui.ui.lines import Line, Span, cut, fit, join, line_width

AS_STARTED = "as started"
_NAME_WIDTH = 11


def _mode(choice: Choice) -> list[Span]:
    return [("mode ", "dim"), (str(choice.mode), str(choice.mode))] if choice.mode else []


def _maps(choice: Choice) -> list[Span]:
    kinds = choice.map_kinds
    return [("maps ", "dim"), (" ".join(kinds), "")] if kinds else []


def choice_line(
    choice: Choice,
    presets: Mapping[str, Preset],
    as_started: str,
    found: Availability | None,
    width: int,
    glyphs: Glyphs,
) -> Line:
    """The preset with its description, then what differs from it.

    Args:
        choice: What is chosen.
        presets: All that can be.
        as_started: What the plan without a preset watches.
        found: Whether the preset works on the process under the cursor; None when nobody looked.
        width: Cells of a line.
        glyphs: The signs to draw with.
    """
    preset = presets.get(choice.preset)
    what = preset.description if preset else as_started
    name: list[Span] = [
        ("watch ", "head"),
        (f"{glyphs.before} ", "dim"),
        (choice.preset or AS_STARTED, "strong"),
        (f" {glyphs.pointer}", "dim"),
    ]
    if found is not None and found.answer is Answer.NO:
        what_spans: list[Span] = [(f"{glyphs.failed} {written_out(found.reason)}", "warn")]
    else:
        what_spans = [(written_out(what), "dim")]
    tail = join([_mode(choice), _maps(choice)])
    room = width - line_width(tail) - (3 if tail else 0)
    line = cut(join([name, what_spans], "  "), max(room, 20))
    return cut((*line, ("   ", ""), *tail) if tail else line, width)


def preset_lines(
    choice: Choice,
    presets: Mapping[str, Preset],
    as_started: str,
    available: Mapping[str, Availability],
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """A line for each preset, then more about the chosen one.

    Args:
        choice: What is chosen.
        presets: All that can be.
        as_started: What the plan without a preset watches.
        available: Which of them work on the process under the cursor, where that is known.
        width: Cells of a line.
        glyphs: The signs to draw with.
    """
    lines: list[Line] = []
    for name in ("", *presets):
        chosen = name == choice.preset
        found = available.get(name)
        missing = found is not None and found.answer is Answer.NO
        about = presets[name].description if name else as_started
        mark = glyphs.pointer if chosen else " "
        role = "selected" if chosen else "dim" if missing else "strong"
        shown = fit(name or AS_STARTED, _NAME_WIDTH, ellipsis=glyphs.ellipsis)
        room = max(width - _NAME_WIDTH - 3, 0)
        sign = f"{glyphs.failed} " if missing else ""
        text = fit(f"{sign}{written_out(about)}", room, ellipsis=glyphs.ellipsis)
        lines.append(((f"{mark} ", "selected"), (shown + " ", role), (text, "dim")))
    lines.append(())
    preset = presets.get(choice.preset)
    found = available.get(choice.preset)
    paragraphs = [(preset.description if preset else as_started, "")]
    if preset:
        paragraphs += [(f"needs {preset.needs}", "dim")] if preset.needs else []
        paragraphs.append((preset.text, "dim"))
        triggers = [watch.trigger for watch in preset.watches()]
        if choice.mode is Mode.SIGNAL and all(trigger.allows_signal for trigger in triggers):
            reach = furthest_reach(triggers)
            paragraphs.append((warning(reach), "dim" if reach is Reach.AWAKE else "warn"))
    if found is not None and found.answer is not Answer.YES:
        paragraphs.append((f"{glyphs.failed} here: {found.reason}", "warn"))
    for text, role in paragraphs:
        for part in textwrap.wrap(written_out(text), max(width, 20)):
            lines.append(((part, role),))
        lines.append(())
    return lines + [line for line in (join([_mode(choice)]), join([_maps(choice)])) if line]
