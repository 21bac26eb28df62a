"""A linear warm-up, a plateau, and a decay at the end."""

from __future__ import annotations

from torch.optim import Optimizer

from ..engine.schedule import ClosedFormLR, Shape, half_cosine, line, one_minus_root
from ..engine.schedule_settings import LOWEST, WARMUP, choice, steps
from ..engine.settings import given

SHAPES: dict[str, Shape] = {"linear": line, "cosine": half_cosine, "sqrt": one_minus_root}


class WarmupStableDecayLR(ClosedFormLR):
    """Up from 0 in a line, the learning rate itself, and down to eta_min (Hägele et al. 2024, section 3).

    Args:
        optimizer: whose groups are scheduled.
        warmup: steps of the warm-up, at least 1.
        stable: steps of the plateau, at least 1.
        decay: steps of the decay, at least 1.
        eta_min: learning rate after it, in [0, inf) (default: 0).
        shape: the decay's, "linear", "cosine" or "sqrt" (default: "linear").
        last_epoch: the step after which a run goes on (default: -1, from the start).
    """

    settings = (WARMUP, steps("stable"), steps("decay"), LOWEST, choice("shape", *SHAPES))
    warmup: int
    stable: int
    decay: int
    eta_min: float
    shape: str

    def __init__(
        self,
        optimizer: Optimizer,
        warmup: int,
        stable: int,
        decay: int,
        eta_min: float = 0.0,
        shape: str = "linear",
        last_epoch: int = -1,
    ) -> None:
        super().__init__(optimizer, given(locals()), last_epoch)

    def rate(self, base: float, t: float) -> float:
        """Return base * t / warmup, then base, then eta_min and what the shape leaves of the height above it."""
        if t < self.warmup:
            return base * t / self.warmup
        done = (t - self.warmup - self.stable) / self.decay
        if done < 0:
            return base
        return self.eta_min + (base - self.eta_min) * SHAPES[self.shape](done) if done < 1 else self.eta_min
