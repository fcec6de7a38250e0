"""``make fuzz``: every harness for its share of the time; says how many inputs were tried, and what failed."""

from __future__ import annotations

import sys
import time
import traceback
import warnings
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisException

from twtui.errors import UsageError
from twtui.harmless import harmless_lines, quoted
from twtui.settings.quantities import duration_ns

from .harness import Harness, survives
from .test_fuzz import HARNESSES

_SECONDS = 300.0
_AT_ONCE = 200
_SHOWN = 2000
_database = DirectoryBasedExampleDatabase(".hypothesis/fuzz")


class _Fuzzer:
    """One harness: counts its inputs, and keeps the smallest that failed."""

    def __init__(self, name: str, harness: Harness) -> None:
        self.name, self._harness = name, harness
        self.tried = 0
        self.failure = ""
        self._last: Any = None

    def run(self, seconds: float) -> None:
        """Until it fails or the time is over."""

        @settings(
            max_examples=_AT_ONCE, deadline=None, database=_database, print_blob=False,
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
            phases=(Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
        )  # fmt: skip
        @given(self._harness.inputs)
        def fuzz(given: Any) -> None:
            self.tried += 1
            self._last = given
            survives(self._harness, given)

        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            try:
                fuzz()
            except HypothesisException:
                raise
            except Exception as error:
                self.failure = "".join(traceback.format_exception(error)[-12:])
                return

    def report(self) -> str:
        """In one line; of a failure with its input, which is hostile, too."""
        line = f"{self.name:<32} {self.tried:>9,} inputs   {'FAILED' if self.failure else 'ok'}"
        if not self.failure:
            return line
        shown = quoted(repr(self._last))[:_SHOWN]
        return f"{line}\n  input: {shown}\n{harmless_lines(self.failure)}"


def main() -> int:
    """Fuzz as long as the only argument says; 1 when something failed."""
    try:
        seconds = duration_ns(sys.argv[1]) / 1e9 if len(sys.argv) > 1 else _SECONDS
    except UsageError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 2
    warnings.simplefilter("ignore")
    weights = sum(harness.weight for harness in HARNESSES.values())
    failed = False
    for name, harness in HARNESSES.items():
        fuzzer = _Fuzzer(name, harness)
        fuzzer.run(seconds * harness.weight / weights)
        sys.stdout.write(fuzzer.report() + "\n")
        sys.stdout.flush()
        failed = failed or bool(fuzzer.failure)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
