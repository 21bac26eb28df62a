"""A linear warm-up into any other schedule."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR
from ..engine.schedule_settings import WARMUP
from .parts import ComposedLR


class WarmupLR(ComposedLR):
    """Up from 0 in a line to where the next schedule begins, which then runs from its step 0 (Goyal et al. 2017, 2.2).

    Args:
        optimizer: whose groups are scheduled.
        warmup: steps of the warm-up, at least 1.
        into: the schedule that follows, built on the same optimizer.
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (WARMUP,)
    warmup: int

    def __init__(self, optimizer: Optimizer, warmup: int, into: ClosedFormLR, last_epoch: int = -1) -> None:
        super().__init__(optimizer, [into], {"warmup": warmup}, last_epoch)

    def rates(self, t: float) -> list[float]:
        """Return a share of where the next schedule begins, and its own learning rates after the warm-up."""
        (into,) = self.parts
        if t < self.warmup:
            return [rate * t / self.warmup for rate in into.rates(0)]
        return into.rates(t - self.warmup)
