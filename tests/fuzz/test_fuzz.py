"""Everything that takes what others made, with inputs nobody thought of: a bounded number here, more with ``make fuzz``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from twtui.wire.frames import FrameKind

from .connections import ANSWERS, CONNECTIONS, take
from .files import FILES
from .harness import Harness, survives
from .runs import RUNS
from .texts import TEXTS

HARNESSES: dict[str, Harness] = {**TEXTS, **RUNS, **CONNECTIONS, **FILES}
_EXAMPLES = 60


@pytest.mark.parametrize("name", [name for name in HARNESSES if HARNESSES[name].sound is not None])
def test_a_sound_input_is_taken(name: str) -> None:
    HARNESSES[name].run(HARNESSES[name].sound)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_every_sound_answer_is_taken(kind: FrameKind) -> None:
    if kind is not FrameKind.ERROR:
        take(kind, ANSWERS[kind])


@pytest.mark.parametrize("name", HARNESSES)
def test_only_our_own_errors_come_of_it(name: str) -> None:
    harness = HARNESSES[name]

    @settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(harness.inputs)
    def fuzz(given: object) -> None:
        survives(harness, given)

    fuzz()
