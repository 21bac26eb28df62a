"""Half cosines that begin anew, each longer than the one before."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR, half_cosine
from ..engine.schedule_settings import LOWEST, steps
from ..engine.settings import given


class CosineAnnealingWarmRestarts(ClosedFormLR):
    """Half cosines of T_0, T_0 T_mult, T_0 T_mult^2 ... steps: torch's of this name, at any step and between steps.

    Args:
        optimizer: whose groups are scheduled.
        T_0: steps of the first cycle, at least 1 (Loshchilov and Hutter 2017, equation 5).
        T_mult: factor of the length from cycle to cycle, a whole number from 1 (default: 1).
        eta_min: lowest learning rate, in [0, inf) (default: 0).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (steps("T_0"), steps("T_mult"), LOWEST)
    T_0: int
    T_mult: int
    eta_min: float

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - torch's keyword
        T_mult: int = 1,  # noqa: N803 - torch's keyword
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return the half cosine at the share of the cycle in which t lies."""
        begun, length = self._cycle(t)
        return self.eta_min + (base - self.eta_min) * half_cosine((t - begun) / length)

    def _cycle(self, t: float) -> tuple[int, int]:
        """Return the first step and the length of the cycle, in whole numbers, which no rounding can move."""
        begun, length = 0, int(self.T_0)
        if self.T_mult == 1:
            return int(t // length) * length, length
        while t - begun >= length:
            begun, length = begun + length, length * int(self.T_mult)
        return begun, length
