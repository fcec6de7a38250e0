"""The captures of a run: which numbers in the events stand for them, and their change while it runs."""

from __future__ import annotations

from dataclasses import replace

from twtui.errors import TwtuiError, UsageError
from twtui.kernel.refusal import refusal
from twtui.kernel.run.capture_program import needs_entry, pack_capture, plan_symbols
from twtui.kernel.run.optional import owners
from twtui.kernel.run.resources import KernelResources
from twtui.kernel.run.target_set import TargetSet
from twtui.model.capture import Capture, Read
from twtui.model.plan import MAX_WATCHES, Plan

_GENERATIONS = 8
"""Captures of that many changes are known at once; a flight older than that reads with a newer one."""


class Captures:
    """Every change takes new numbers, so that what is in flight is read as it was scheduled."""

    def __init__(self, plan: Plan, resources: KernelResources) -> None:
        self._resources = resources
        self._generation = 0
        self._news: dict[int, tuple[str, str]] = {}
        self._of_stacks: set[int] = set()
        self.broken: TwtuiError | None = None
        """Why captures would read elsewhere than they say, and the run has to end; None: all is well."""
        self._store(plan, self._generation)

    @property
    def first(self) -> int:
        """The number of the plan's first one; the others follow."""
        return _first(self._generation)

    @property
    def of_stacks(self) -> frozenset[int]:
        """The numbers of those that read a stack, from before a change, too."""
        return frozenset(self._of_stacks)

    def take_news(self) -> dict[int, tuple[str, str]]:
        """Trigger and capture by each number that was given since the last call."""
        news, self._news = self._news, {}
        return news

    def _store(self, plan: Plan, generation: int) -> None:
        symbols = plan_symbols(plan)
        for number, watch in enumerate(plan.watches):
            index = _first(generation) + number
            self._resources.maps.set_capture(index, pack_capture(watch, symbols))
            self._news[index] = (str(watch.trigger), str(watch.capture))
            if watch.capture.read is Read.STACK:
                self._of_stacks.add(index)
            else:
                self._of_stacks.discard(index)

    def change(self, plan: Plan, number: int, capture: Capture, targets: TargetSet) -> Plan:
        """Read something else at a trigger, from when the plan that is returned is configured.

        Args:
            plan: What runs.
            number: Of the trigger, from 0.
            capture: What is read from then on.
            targets: Get the addresses of its symbols.

        Raises:
            UsageError: It cannot be read in this run, and nothing has changed.
            OSError: The kernel refused. Nothing has changed, or ``broken`` says why it could not be put back.
        """
        if not 0 <= number < len(plan.watches):
            raise UsageError(f"there is no trigger {number}")
        self._check_loaded(capture)
        watch = replace(plan.watches[number], capture=capture)
        watches = (*plan.watches[:number], watch, *plan.watches[number + 1 :])
        changed = replace(plan, watches=watches).check()
        before, symbols = plan_symbols(plan), plan_symbols(changed)
        pack_capture(watch, symbols)
        attached = self._resources.attachments.mark()
        if needs_entry(watch) and not needs_entry(plan.watches[number]):
            pids = owners(watch, targets.alive)
            self._resources.attach_entry(number, watch, pids, plan.children)
        try:
            if symbols != before:
                self._resources.forget_symbols_on_exec()
                targets.use_symbols(symbols)
            self._store(changed, self._generation + 1)
        except (OSError, TwtuiError):
            self._resources.attachments.undo(attached)
            if symbols != before:
                self._put_back(before, targets)
            raise
        self._generation += 1
        return changed

    def _check_loaded(self, capture: Capture) -> None:
        missing = (capture.read is Read.STACK and not self._resources.has_stacks) or (
            capture.read is Read.PYTHON and not self._resources.has_python
        )
        if missing:
            raise UsageError(
                f"this run was started without --capture {capture.read.value}",
                "start again with it",
            )

    def _put_back(self, symbols: tuple[str, ...], targets: TargetSet) -> None:
        try:
            targets.use_symbols(symbols)
        except OSError as error:
            # captures would start from the addresses of other symbols: better none
            self.broken = refusal(error)


def _first(generation: int) -> int:
    return generation % _GENERATIONS * MAX_WATCHES
