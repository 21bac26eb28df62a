"""Half a cosine, down and up again."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR, half_cosine
from ..engine.schedule_settings import LOWEST, steps
from ..engine.settings import given


class CosineAnnealingLR(ClosedFormLR):
    """Half a cosine from the learning rate to eta_min, and up again after T_max steps: torch's in closed form.

    Args:
        optimizer: whose groups are scheduled.
        T_max: steps down to eta_min, at least 1 (Loshchilov and Hutter 2017, equation 5).
        eta_min: lowest learning rate, in [0, inf) (default: 0).
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (steps("T_max"), LOWEST)
    T_max: int
    eta_min: float

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803 - torch's keyword
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return eta_min + (base - eta_min) * (1 + cos(pi t / T_max)) / 2."""
        return self.eta_min + (base - self.eta_min) * half_cosine(t / self.T_max)
