"""What the screens remember from one start to the next, in a small file of whoever called."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twtui.invoker import invoker
from twtui.recording.ownership import as_invoking_user, new_file

_MAX_BYTES = 1 << 16
_log = logging.getLogger(__name__)


def state_path(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_STATE_HOME/twtui/state.json``; under sudo in the home of the user behind it."""
    user = invoker(environ)
    wanted = "" if user.by_sudo else environ.get("XDG_STATE_HOME", "")
    # the specification says that a relative path is to be ignored
    folder = Path(wanted) if wanted.startswith("/") else Path(user.home, ".local", "state")
    return folder / "twtui" / "state.json"


class Memory:
    """Fields by name. Nothing that goes wrong with the file is worth stopping for.

    Args:
        path: The file; None remembers for this start only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._fields: dict[str, Any] = {}
        if path is not None:
            with contextlib.suppress(OSError, ValueError):
                self._fields = _read(path)

    def get(self, name: str) -> Any:
        """A field; None when it is not there."""
        return self._fields.get(name)

    def without(self, name: str) -> Memory:
        """Itself, with a field forgotten until it is put again."""
        self._fields.pop(name, None)
        return self

    def put(self, **fields: Any) -> None:
        """Remember these fields."""
        if all(self._fields.get(name) == value for name, value in fields.items()):
            return
        self._fields |= fields
        if self._path is None:
            return
        try:
            with as_invoking_user():
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                made = new_file(self._path.parent, self._path.name)
                made.write_text(json.dumps(self._fields, indent=1) + "\n")
                made.replace(self._path)
        except OSError as error:
            _log.info("cannot remember choices in %s: %s", self._path, error)


def _read(path: Path) -> dict[str, Any]:
    with as_invoking_user():
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return {}
        fields = json.loads(os.read(descriptor, _MAX_BYTES))
    finally:
        os.close(descriptor)
    return fields if isinstance(fields, dict) else {}
