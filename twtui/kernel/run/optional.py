"""Optional watches: attaches what is there, and says what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from twtui.errors import UnsupportedError, UsageError
from twtui.kernel.names.elf import ElfFile
from twtui.kernel.names.symbols import function_offset
from twtui.kernel.processes.target_files import find_module
from twtui.kernel.run.resources import KernelResources
from twtui.model.plan import Plan, Watch
from twtui.model.trigger import Trigger, TriggerKind


def attach_watches(resources: KernelResources, plan: Plan, pids: Sequence[int]) -> str:
    """Attach every watch of a plan.

    Returns:
        A note for the person where optional ones were left out, else an empty text.

    Raises:
        TwtuiError: One that is not optional could not be attached.
        UsageError: All were left out.
    """
    left_out: dict[str, UsageError | UnsupportedError] = {}
    attached = 0
    for number, watch in enumerate(plan.watches):
        try:
            resources.attach(number, watch, owners(watch, pids), plan.children)
        except (UsageError, UnsupportedError) as error:
            if not watch.optional:
                raise
            left_out[str(watch.trigger)] = error
            continue
        attached += 1
    if left_out and not attached:
        first = next(iter(left_out.values()))
        raise UsageError(f"nothing to watch: {first.message}", first.hint)
    return f"not here, left out: {', '.join(left_out)}" if left_out else ""


def owners(watch: Watch, pids: Sequence[int]) -> list[int]:
    """The processes to attach to: for an optional function, those that have it.

    Raises:
        UsageError: None has it.
    """
    trigger = watch.trigger
    if not watch.optional or trigger.kind not in (TriggerKind.UPROBE, TriggerKind.URETPROBE):
        return list(pids)
    found = []
    refused: UsageError | None = None
    for pid in pids:
        try:
            _look_up(trigger, pid)
            found.append(pid)
        except UsageError as error:
            refused = error
    if not found and refused:
        raise refused
    return found


def _look_up(trigger: Trigger, pid: int) -> None:
    at_return = trigger.kind is TriggerKind.URETPROBE
    opened = find_module(pid, trigger.category)
    with opened.file:
        elf = ElfFile(opened.file, opened.path)
        function_offset(elf, trigger.name, trigger.offset, at_return)
