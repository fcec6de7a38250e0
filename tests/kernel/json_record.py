"""What twtui record --json prints of a run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

TWTUI = [sys.executable, "-m", "twtui"]


class Recorded:
    """What ``twtui record --json`` printed."""

    def __init__(self, words: tuple[object, ...], **options: Any) -> None:
        done = subprocess.run(
            [*TWTUI, "record", "--json", *map(str, words)],
            capture_output=True, text=True, timeout=60, check=False, **options,
        )  # fmt: skip
        self.code, self.said = done.returncode, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.events = [line for line in lines if line["type"] == "event"]
        assert self.code == 0, self.said
        assert all(lines[-1]["invariants"].values()), lines[-1]

    def texts(self, trigger: str) -> list[str]:
        """What was read at one trigger, in order."""
        return [event.get("text", "") for event in self.events if event["trigger"] == trigger]

    def data(self) -> list[bytes]:
        """What was read at all."""
        return [
            bytes.fromhex(event["hex"]) if "hex" in event else event.get("text", "").encode()
            for event in self.events
        ]


def record(*words: object, **options: Any) -> Recorded:
    return Recorded(words, **options)
