"""The words of a capture expression: taken one by one, with errors that say where."""

from __future__ import annotations

import re

from twtui.errors import UsageError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|[0-9]+)|(?P<symbol>sym:[\w.@$]+)"
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<sign>[-+*(),]))"
)


class CaptureError(UsageError):
    """A bad expression; ``position`` is where, in characters from 0."""

    def __init__(self, text: str, position: int, message: str) -> None:
        self.text, self.position = text, position
        start = max(0, position - 40)
        shown = "".join(c if c.isprintable() else "?" for c in text[start : position + 30])
        super().__init__(
            f"bad capture at position {position + 1}: {message}",
            f"{shown}\n{' ' * (position - start)}^ {message}",
        )


class Words:
    """One expression, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, message: str, position: int | None = None) -> CaptureError:
        """What is wrong here, or at a position."""
        return CaptureError(self.text, self.at if position is None else position, message)

    def _match(self) -> re.Match[str] | None:
        return _TOKEN.match(self.text, self.at)

    def skip_space(self) -> None:
        """Go to the next word."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, group: str) -> str | None:
        """The next word, if it is of this kind: number, symbol, word or sign."""
        found = self._match()
        if found is None or found[group] is None:
            return None
        self.at = found.end()
        return found[group]

    def number(self) -> int | None:
        """The next word as a number; None when it is something else.

        Raises:
            CaptureError: Digits that are no number.
        """
        self.skip_space()
        start = self.at
        text = self.take("number")
        if text is None:
            return None
        try:
            return int(text, 0)
        except ValueError:
            raise self.error("a number has no leading zeros and fits 64 bits", start) from None

    def take_sign(self, signs: str) -> str | None:
        """The next word, if it is one of these signs."""
        found = self._match()
        if found is None or found["sign"] is None or found["sign"] not in signs:
            return None
        self.at = found.end()
        return found["sign"]

    def expect(self, sign: str) -> None:
        """Take a sign.

        Raises:
            CaptureError: Something else comes.
        """
        if self.take_sign(sign) is None:
            self.skip_space()
            raise self.error(f"{sign!r} expected")
