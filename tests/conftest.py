"""For every test: compiled programs are kept in a folder of the test session; no example has a deadline."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

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
def program_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        folder = os.environ.get(_FOLDER_VARIABLE) or tmp_path_factory.mktemp("programs")
        patch.setenv("TWTUI_CACHE_DIR", str(folder))
        yield
