"""The little of mdoc(7) that the manual page needs, with every text escaped."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

_WRAPPER = textwrap.TextWrapper(width=78, break_long_words=False, break_on_hyphens=False)
_CODE = re.compile(r"`([^`]*)`")


def escaped(text: str) -> str:
    """A text as it is to be read: no requests, hyphens that can be copied, signs by their number."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in text)


def sentence(text: str) -> str:
    """A sentence of the tables; what is between backquotes is bold and whole."""
    parts = _CODE.split(text)
    return "".join(
        f"\\fB\\%{escaped(part)}\\fP" if number % 2 else escaped(part)
        for number, part in enumerate(parts)
    )


def prose(text: str) -> str:
    """Sentences, each on lines of its own, as mdoc(7) wants them."""
    sentences = re.split(r"(?<=[.:;]) +(?=[A-Z`])", " ".join(text.split()))
    lines = (line for each in sentences for line in _WRAPPER.wrap(sentence(each)))
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in lines)


def paragraph(text: str) -> str:
    """A paragraph."""
    return f".Pp\n{prose(text)}\n"


def section(title: str, *parts: str) -> str:
    """A section; the first paragraph needs no space above it."""
    return f".Sh {title}\n" + "".join(parts).removeprefix(".Pp\n")


def subsection(title: str, *parts: str) -> str:
    """A section of a section."""
    return f".Ss {title}\n" + "".join(parts).removeprefix(".Pp\n")


def items(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of words and what they mean; both are ready for roff."""
    rows = "".join(f".It {head}\n{body}\n" for head, body in pairs)
    return f".Bl -tag -width Ds\n{rows}.El\n"


def word(text: str) -> str:
    """A word for the head of an item, bold, and never a macro's name."""
    quoted = escaped(text).replace('"', "\\(dq")
    return f'"\\fB{quoted}\\fP"'


def literal(text: str) -> str:
    """Lines exactly as they are."""
    # \\& so that no line starts a request
    lines = "".join(f"\\&{escaped(line)}\n" if line else "\n" for line in text.splitlines())
    return f".Bd -literal -offset indent\n{lines}.Ed\n"
