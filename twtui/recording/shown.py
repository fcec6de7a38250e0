"""The text of a cell as an SQL expression that a terminal can be shown: for who asks a recording with sqlite3."""

from __future__ import annotations

from twtui.harmless import quoted

_CONTROLS = (*range(1, 0x20), *range(0x7F, 0xA0))
_FORMATS = (
    *(0xAD, 0x61C, 0x180E), *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070),
    *(0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB),
)  # fmt: skip
"""Without width, or turning the direction of a line, or ending it."""
_EVERY = (*_CONTROLS, *_FORMATS)
_STEPS = tuple(_EVERY[at : at + 15] for at in range(0, len(_EVERY), 15))
"""SQLite's parser keeps 100 symbols, and each call takes some of them."""
_PLAIN = "*[^] -[^-~]*"
"""A pattern of GLOB: something but printable ASCII, or a backslash."""


def shown(column: str) -> str:
    """The expression for a column: controls, marks of direction and backslashes written out, the rest as it is.

    A text ends at its first NUL, as sqlite3's own texts do.
    """
    text = f"CAST({column} AS TEXT)"
    steps = [f"s0(t) AS (SELECT replace({text}, char(92), '\\\\'))"]
    for number, codes in enumerate(_STEPS, 1):
        written = "t"
        for code in codes:
            written = f"replace({written}, char({code}), '{quoted(chr(code))}')"
        steps.append(f"s{number}(t) AS (SELECT {written} FROM s{number - 1})")
    found = f"(WITH {', '.join(steps)} SELECT t FROM s{len(_STEPS)})"
    return f"CASE WHEN {text} GLOB '{_PLAIN}' THEN {found} ELSE {text} END"
