"""What a person chooses beside the processes: a preset, the mode, the map kinds; applied to a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from twtui.model.enums import MapKind, Mode
from twtui.model.plan import Plan, Target
from twtui.model.presets import Preset

MakePlan = Callable[[tuple[Target, ...], Preset | None], Plan]
"""Makes the plan for targets and a preset, None for what was asked for at the start; may raise UsageError."""

MODES: tuple[Mode | None, ...] = (None, *Mode)
KINDS: tuple[tuple[MapKind, ...] | None, ...] = (
    None,
    tuple(MapKind),
    *((kind,) for kind in MapKind),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """None and the empty name leave it to the preset, or to what was asked for at the start."""

    preset: str = ""
    mode: Mode | None = None
    map_kinds: tuple[MapKind, ...] | None = None

    def with_preset(self, presets: Mapping[str, Preset], steps: int) -> Choice:
        """The choice some presets further, or back; round at the ends."""
        names = ["", *presets]
        at = names.index(self.preset) if self.preset in names else 0
        return replace(self, preset=names[(at + steps) % len(names)])

    def with_next_mode(self) -> Choice:
        """The next mode in turn."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def with_next_kinds(self) -> Choice:
        """The next map kinds in turn."""
        at = KINDS.index(self.map_kinds) if self.map_kinds in KINDS else 0
        return replace(self, map_kinds=KINDS[(at + 1) % len(KINDS)])

    def plan(
        self, targets: tuple[Target, ...], make_plan: MakePlan, presets: Mapping[str, Preset]
    ) -> Plan:
        """The plan for these targets.

        Raises:
            UsageError: The parts do not go together.
        """
        plan = make_plan(targets, presets.get(self.preset))
        if self.mode is not None:
            plan = replace(plan, mode=self.mode)
        if self.map_kinds is not None:
            plan = replace(plan, map_kinds=self.map_kinds)
        return plan.check()

    def to_fields(self) -> dict[str, Any]:
        """For the file in which choices are remembered."""
        return {
            "preset": self.preset,
            "mode": self.mode and str(self.mode),
            "maps": self.map_kinds and list(map(str, self.map_kinds)),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], presets: Mapping[str, Preset]) -> Self:
        """The inverse; what is not known any more is left out."""
        preset, mode, kinds = fields.get("preset"), fields.get("mode"), fields.get("maps")
        chosen = tuple(kind for kind in MapKind if isinstance(kinds, list) and kind in kinds)
        return cls(
            preset=preset if isinstance(preset, str) and preset in presets else "",
            mode=Mode(mode) if isinstance(mode, str) and mode in set(Mode) else None,
            map_kinds=chosen or None,
        )
