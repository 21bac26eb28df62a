"""Several schedules at once."""

from __future__ import annotations

from collections.abc import Sequence

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from .parts import ComposedLR


class ChainedScheduler(ComposedLR):
    """The learning rate times the factor of every schedule: torch's ChainedScheduler for schedules in closed form.

    Args:
        schedulers: the schedules, all built on one optimizer.
        optimizer: that optimizer (default: the first schedule's).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    def __init__(
        self, schedulers: Sequence[ClosedFormLR], optimizer: Optimizer | None = None, last_epoch: int = -1
    ) -> None:
        if not schedulers:
            raise ValueError("no part is given; give at least one schedule")
        super().__init__(optimizer or schedulers[0].optimizer, schedulers, {}, last_epoch)

    def rates(self, t: float) -> list[float]:
        """Return each group's own learning rate times the factors, 0 where it is 0."""
        found = self.bases()
        for part in self.parts:
            pairs = zip(found, part.rates(t), part.bases(), strict=True)
            found = [rate * (own / base) if base else 0.0 for rate, own, base in pairs]
        return found
