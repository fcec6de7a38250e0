"""Writes everything that is made from the tables in the code. With --check, only says what differs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import readme
from manual.bash import bash_completion
from manual.config_example import config_example
from manual.fish import fish_completion
from manual.man_page import man_page
from manual.zsh import zsh_completion

ROOT = Path(__file__).resolve().parent.parent
FILES: dict[str, Callable[[], str]] = {
    "share/man/man8/twtui.8": man_page,
    "share/bash-completion/completions/twtui": bash_completion,
    "share/zsh/site-functions/_twtui": zsh_completion,
    "share/fish/vendor_completions.d/twtui.fish": fish_completion,
    "share/doc/twtui/twtui.toml": config_example,
}
"""By their paths in a checkout; below share they are those of an installation, too."""


def main() -> int:
    """Write or check.

    Returns:
        The exit code: 1 where something differs.
    """
    code = readme.main()
    for name, make in FILES.items():
        path, text = ROOT / name, make()
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(f"{name} differs from the tables: make docs\n")
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
