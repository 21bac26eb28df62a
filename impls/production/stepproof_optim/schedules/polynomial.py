"""A power of the share of steps that are left."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import POWER, steps
from ..engine.settings import given


class PolynomialLR(ClosedFormLR):
    """The learning rate times (1 - t / total_iters)^power, and 0 from then on: torch's PolynomialLR in closed form.

    Args:
        optimizer: whose groups are scheduled.
        total_iters: steps down to 0, at least 1 (default: 5).
        power: the power, in (0, inf) (default: 1).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (steps("total_iters"), POWER)
    total_iters: int
    power: float

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * (1 - t / total_iters)^power, 0 after the last step."""
        return float(base * (1.0 - t / self.total_iters) ** self.power) if t < self.total_iters else 0.0
