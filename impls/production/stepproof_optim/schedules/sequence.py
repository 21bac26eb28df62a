"""One schedule after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import Milestones
from .parts import ComposedLR


class SequentialLR(ComposedLR):
    """Each schedule from its milestone on, from its own step 0: torch's SequentialLR for schedules in closed form.

    Args:
        optimizer: whose groups are scheduled.
        schedulers: the schedules in their order.
        milestones: the steps at which the second and each further one begins, in ascending order.
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (Milestones("milestones", ()),)
    milestones: list[int]

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[ClosedFormLR], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        if len(milestones) != len(schedulers) - 1 or sorted(milestones) != list(milestones):
            raise ValueError(
                f"milestones are {list(milestones)} for {len(schedulers)} schedules; "
                f"give {len(schedulers) - 1} steps in ascending order"
            )
        super().__init__(optimizer, schedulers, {"milestones": list(milestones)}, last_epoch)

    def rates(self, t: float) -> list[float]:
        """Return the learning rates of the schedule in whose time `t` lies."""
        place = bisect_right(self.milestones, t)
        return self.parts[place].rates(t - self.milestones[place - 1] if place else t)
