"""Half a minute of what ``make soak`` does for ten."""

from __future__ import annotations

from pathlib import Path

import pytest
from soaking import Soak, verdicts


def test_nothing_grows_and_nothing_is_unaccounted_for(soak_program: Path, tmp_path: Path) -> None:
    outcome = Soak(soak_program, 25, 4_000, tmp_path / "soak.twtui").run()
    assert outcome.processes == 100
    assert not [words for words, holds in verdicts(outcome).items() if not holds]


def test_what_grows_is_noticed() -> None:
    from soaking import Usage, growth

    usage = [
        Usage(float(at), 0.1, at << 20, 50 << 20, 10 + at % 2, 10 + (at > 70)) for at in range(101)
    ]
    found = growth(usage)
    assert found.user_bytes == pytest.approx(60 << 20, rel=0.02)
    assert (found.kernel_bytes, found.user_descriptors, found.kernel_descriptors) == (0, 0, 1)
    assert not growth([one._replace(behind_s=5.0) for one in usage]).readings
