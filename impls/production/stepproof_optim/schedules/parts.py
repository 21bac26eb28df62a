"""A schedule that is made of others on the same optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR

PARTS = "parts"


class ComposedLR(ClosedFormLR):
    """A schedule of parts, which it asks for their learning rates at steps of its own choice.

    The parts keep no count: how often or in which order they were built and stepped changes nothing.  Raises a
    TypeError for a part that is no schedule in closed form, and a ValueError for one of another optimizer.
    """

    unsaved = frozenset({"optimizer", PARTS})

    def __init__(
        self, optimizer: Optimizer, parts: Sequence[ClosedFormLR], given: Mapping[str, Any], last_epoch: int = -1
    ) -> None:
        for part in parts:
            if not isinstance(part, ClosedFormLR):
                raise TypeError(
                    f"a part is of {type(part).__name__}, which is no function of the step; give those of this package"
                )
            if getattr(part, "cycle_momentum", False):
                raise ValueError("a part cycles momentum, and learning rates alone compose; give cycle_momentum=False")
            if part.optimizer is not optimizer:
                raise ValueError(f"the part {type(part).__name__} is built on another optimizer; give it this one")
        if not parts:
            raise ValueError("no part is given; give at least one schedule")
        self.parts = list(parts)
        super().__init__(optimizer, given, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return what it keeps, with the state of each part."""
        return {**super().state_dict(), PARTS: [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint was made; raises a ValueError for one of other parts."""
        saved = state_dict.get(PARTS)
        if not isinstance(saved, list) or len(saved) != len(self.parts):
            found = len(saved) if isinstance(saved, list) else 0
            raise ValueError(f"the checkpoint is of {found} parts, this schedule of {len(self.parts)}")
        super().load_state_dict({key: value for key, value in state_dict.items() if key != PARTS})
        for part, state in zip(self.parts, saved, strict=True):
            part.load_state_dict(state)
