"""The seam between a source of batches and the engine: four methods."""

from __future__ import annotations

from typing import Protocol

from twtui.model.batch import Batch
from twtui.model.plan import Command, Plan
from twtui.model.snapshot import BackendInfo


class Backend(Protocol):
    """Something that runs a plan and delivers what comes of it.

    ``open``, ``poll`` and ``send`` are called from one thread. ``close`` may be called from any.
    """

    def open(self, plan: Plan) -> BackendInfo:
        """Start; every trigger is attached when it returns.

        Raises:
            TwtuiError: Nothing was started, or all of it was undone.
        """
        ...

    def poll(self, timeout_s: float) -> Batch:
        """What came since the last call, after at most ``timeout_s`` seconds; maybe nothing.

        Nothing comes after a batch with ``end`` set.

        Raises:
            TwtuiError: The source has failed, or was closed.
        """
        ...

    def send(self, command: Command) -> None:
        """Change the run; the effect shows in later batches.

        Raises:
            UsageError: The command is refused, and nothing has changed.
        """
        ...

    def close(self) -> None:
        """Stop and free everything. Idempotent; a ``poll`` that is under way ends at once."""
        ...
