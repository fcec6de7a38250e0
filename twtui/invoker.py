"""The user who typed the command: under sudo the one who called it, else the one we run as."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from typing import NamedTuple


class Invoker(NamedTuple):
    """A user."""

    uid: int
    gid: int
    name: str
    """Empty when the user database does not know them."""
    home: str
    by_sudo: bool = False
    """We have more rights than they have."""


def invoker(environ: Mapping[str, str] = os.environ) -> Invoker:
    """Who typed the command. SUDO_UID counts only where we are root: it is a mere variable."""
    uid, gid, by_sudo = os.geteuid(), os.getegid(), False
    if not uid:
        sudo_uid, sudo_gid = environ.get("SUDO_UID", ""), environ.get("SUDO_GID", "")
        if _is_id(sudo_uid) and _is_id(sudo_gid) and int(sudo_uid):
            uid, gid, by_sudo = int(sudo_uid), int(sudo_gid), True
    try:
        known = pwd.getpwuid(uid)
        name, home = known.pw_name, known.pw_dir
    except KeyError:
        name, home = "", "/"
    if not by_sudo:
        home = environ.get("HOME") or home
    return Invoker(uid, gid, name, home, by_sudo)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < (1 << 32) - 1
