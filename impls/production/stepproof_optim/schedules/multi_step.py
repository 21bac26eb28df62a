"""A decay at every milestone."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import FACTOR, Milestones


class MultiStepLR(ClosedFormLR):
    """The learning rate times gamma for each milestone that is reached: torch's MultiStepLR in closed form.

    Args:
        optimizer: whose groups are scheduled.
        milestones: steps from which on the rate is lower, in any order; one that stands twice counts twice.
        gamma: factor of each decay, in [0, inf) (default: 0.1).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (Milestones("milestones", ()), FACTOR)
    milestones: list[int]
    gamma: float

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, {"milestones": sorted(milestones), "gamma": gamma}, last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * gamma^n after n milestones."""
        return float(base * self.gamma ** bisect_right(self.milestones, t))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint was made, also one of torch's, which counts how often each milestone stands."""
        milestones = state_dict.get("milestones", [])
        listed = sorted(milestones.elements() if isinstance(milestones, Counter) else milestones)
        super().load_state_dict({**state_dict, "milestones": listed} if "milestones" in state_dict else state_dict)
