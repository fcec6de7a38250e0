"""What twtui says to a person, on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress

from twtui.harmless import harmless


def say(text: str) -> None:
    """A message: one line, whatever is in it."""
    _write(f"twtui: {harmless(text)}\n")


def say_hint(text: str) -> None:
    """What to do about it; a mark under the place of an error takes a second line."""
    _write("".join(f"{harmless(line)}\n" for line in text.split("\n")))


def _write(text: str) -> None:
    with suppress(OSError):  # a terminal that has been closed
        sys.stderr.write(text)
        sys.stderr.flush()
