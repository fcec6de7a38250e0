"""For every test: compiled programs are kept in a folder of the test session, not in the system's cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def program_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWTUI_CACHE_DIR", str(tmp_path_factory.mktemp("programs")))
        yield
