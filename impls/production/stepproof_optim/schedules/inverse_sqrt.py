"""A linear warm-up, then one over the square root of the step."""

from __future__ import annotations

import math

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import WARMUP
from ..engine.settings import given


class InverseSqrtLR(ClosedFormLR):
    """The learning rate times min(t / w, sqrt(w / t)), as transformers has it after Vaswani et al. 2017, equation 3.

    Args:
        optimizer: whose groups are scheduled.
        warmup: steps w of the warm-up, at least 1; step w has the learning rate itself.
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (WARMUP,)
    warmup: int

    def __init__(self, optimizer: Optimizer, warmup: int, last_epoch: int = -1) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * t / w during the warm-up, base * sqrt(w / t) after it."""
        return base * (t / self.warmup if t < self.warmup else math.sqrt(self.warmup / t))
