"""Files of the person who called: made with the rights of the user behind sudo, never through a symbolic link."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from twtui.errors import TwtuiError, UsageError
from twtui.invoker import invoker

MODE = 0o600
SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database."""


def invoking_user() -> tuple[int, int] | None:
    """User and group behind sudo; None when we run with the rights of the caller anyway."""
    user = invoker()
    return (user.uid, user.gid) if user.by_sudo else None


@contextlib.contextmanager
def as_invoking_user() -> Iterator[None]:
    """Within it, files are opened with the rights of the user behind sudo.

    So a link that the user has put in the way leads nowhere that the user could not go. All
    threads of the process change with it, so it is left as soon as the files are open.
    """
    user = invoking_user()
    if user is None:
        yield
        return
    groups = os.getgroups()
    os.setgroups([user[1]])
    os.setegid(user[1])
    os.seteuid(user[0])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def refuse_existing(path: Path, force: bool, with_side_files: bool = True) -> None:
    """See that a file may be made there, or with ``force`` put in the place of one.

    Args:
        path: The file.
        force: It may take the place of a file.
        with_side_files: So it is for what SQLite puts beside it.

    Raises:
        UsageError: It may not.
    """
    if not path.name:
        raise UsageError(f"{str(path)!r} names no file", "give a file its name")
    for name in (path, *(beside(path) if with_side_files else ())):
        try:
            status = os.lstat(name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise cannot_write(path, error) from None
        if stat.S_ISLNK(status.st_mode):
            raise UsageError(f"{name} is a symbolic link", "name the file itself")
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{name} is not a regular file", "name another file")
        if not force:
            raise UsageError(f"{name} exists", "name another file, or overwrite it with --force")


def beside(path: Path) -> list[Path]:
    """The files that SQLite may have left beside a database."""
    return [path.with_name(path.name + suffix) for suffix in SIDE_FILES]


def new_file(directory: Path, name: str) -> Path:
    """An empty file under a name that nobody can guess, mode 0600.

    Raises:
        OSError: It cannot be made.
    """
    path = directory / f".{name}.{secrets.token_hex(6)}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, MODE))
    return path


def hand_over(path: Path) -> None:
    """Let the file belong to the invoking user, also where only root may make files."""
    user = invoking_user()
    if user is not None:
        os.chown(path, *user, follow_symlinks=False)


def publish(made: Path, path: Path, force: bool) -> None:
    """Give a finished file its name, at once; without ``force`` never over another.

    Raises:
        UsageError: Something with that name has come up in the meantime.
        OSError: It cannot be done.
    """
    if force:
        made.replace(path)
        return
    try:
        _give_name(made, path)
    except FileExistsError:
        raise UsageError(
            f"{path} exists", "name another file, or overwrite it with --force"
        ) from None


def _give_name(made: Path, path: Path) -> None:
    try:
        os.link(made, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        # a file system without hard links: claim the name, then move over our own claim
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE))
        made.replace(path)
    else:
        made.unlink()


def cannot_write(path: Path, error: OSError) -> TwtuiError:
    """The error for a file that cannot be made."""
    return TwtuiError(f"cannot write {path}: {error.strerror or error}", "name another file")
