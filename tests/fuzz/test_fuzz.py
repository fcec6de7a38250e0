"""Everything that takes what others made, with inputs nobody thought of: a bounded number here, more with ``make fuzz``."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from .files import FILES
from .harness import Harness, survives
from .streams import STREAMS
from .texts import TEXTS

HARNESSES: dict[str, Harness] = {**TEXTS, **STREAMS, **FILES}
_EXAMPLES = 40


@pytest.mark.parametrize("name", HARNESSES)
def test_only_our_own_errors_come_of_it(name: str) -> None:
    harness = HARNESSES[name]

    @settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(harness.inputs)
    def fuzz(given: object) -> None:
        survives(harness, given)

    fuzz()
