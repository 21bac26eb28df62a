"""A decay at every step."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import FACTOR
from ..engine.settings import given


class ExponentialLR(ClosedFormLR):
    """The learning rate times gamma^t: torch's ExponentialLR in closed form.

    Args:
        optimizer: whose groups are scheduled.
        gamma: factor of each step, in [0, inf).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (FACTOR,)
    gamma: float

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * gamma^t."""
        return float(base * self.gamma**t)
