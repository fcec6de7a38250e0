"""The log that a person asks for: on standard error or in a file, and nobody else's text can forge a line of it."""

from __future__ import annotations

import logging

from twtui.errors import UsageError
from twtui.harmless import written_out

_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MORE = "    "
"""Begins the further lines of one entry, so that none of them can look like another entry."""


class HarmlessFormatter(logging.Formatter):
    """Entries as lines that a terminal can be shown: all that is not printable is written out."""

    def __init__(self) -> None:
        super().__init__(_FORM)

    def format(self, record: logging.LogRecord) -> str:
        """The entry; with a traceback it has several lines."""
        first, *more = super().format(record).split("\n")
        return "\n".join([written_out(first), *(_MORE + written_out(line) for line in more)])


def set_up(log_file: str | None, verbosity: int) -> None:
    """Begin to log, if that is asked for.

    Args:
        log_file: Takes everything; None: standard error takes as much as ``verbosity`` says.
        verbosity: 1: information, 2: all.

    Raises:
        UsageError: The file cannot be written.
    """
    if not log_file and not verbosity:
        return
    try:
        handler: logging.Handler = (
            logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace")
            if log_file
            else logging.StreamHandler()
        )
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot write {log_file}: {getattr(error, 'strerror', None) or error}",
            "name another file with --log-file",
        ) from None
    handler.setFormatter(HarmlessFormatter())
    logger = logging.getLogger("twtui")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbosity > 1 or log_file else logging.INFO)
