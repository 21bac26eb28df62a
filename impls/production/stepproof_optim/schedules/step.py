"""A decay every so many steps."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import FACTOR, steps
from ..engine.settings import given


class StepLR(ClosedFormLR):
    """The learning rate times gamma to the power of t // step_size: torch's StepLR in closed form.

    Args:
        optimizer: whose groups are scheduled.
        step_size: steps between two decays, at least 1.
        gamma: factor of each decay, in [0, inf) (default: 0.1).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (steps("step_size"), FACTOR)
    step_size: int
    gamma: float

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * gamma^floor(t / step_size)."""
        return float(base * self.gamma ** (t // self.step_size))
