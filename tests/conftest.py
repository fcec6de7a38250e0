"""For every test: a home, settings and compiled programs of the test session's own; no example has a deadline."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from twtui.settings.table import SETTINGS

try:
    from hypothesis import settings
except ModuleNotFoundError:  # in the roots of the matrix, which run no such test
    pass
else:
    # how long an example takes says how busy the machine is
    settings.register_profile("twtui", deadline=None)
    settings.load_profile("twtui")

_FOLDER_VARIABLE = "TWTUI_TEST_CACHE_DIR"
"""Another folder; for the matrix, where compiling takes most of the time."""


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What whoever starts the tests has set up for themselves is in no test."""
    with pytest.MonkeyPatch.context() as patch:
        settings_of_twtui = {setting.variable for setting in SETTINGS}
        for name in tuple(os.environ):
            # with SUDO_UID a command that runs in this process would become that user for good
            of_caller = name.startswith(("SUDO_", "XDG_")) and name != "XDG_RUNTIME_DIR"
            if of_caller or name in settings_of_twtui:
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        folder = os.environ.get(_FOLDER_VARIABLE) or tmp_path_factory.mktemp("programs")
        patch.setenv("TWTUI_CACHE_DIR", str(folder))
        yield
