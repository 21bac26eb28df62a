"""A decay whenever a metric stops getting better."""

from __future__ import annotations

import copy
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau as OnPlateau

from ..engine.schedule import with_tensors_of_their_own
from ..engine.schedule_settings import choice, steps
from ..engine.settings import NONNEGATIVE, UNIT, check, given, number


class ReduceLROnPlateau(OnPlateau):
    """The learning rate times a factor after too many metrics in a row that are no better.

    torch's of this name, but that a metric is compared with the best one by a share of its size: of the negative
    metric -1 with the threshold 0.1 only what is below -1.1 is better, or above -0.9.

    Args:
        optimizer: whose groups are scheduled.
        mode: "min" where a lower metric is better, or "max" (default: "min").
        factor: of each decay, in [0, 1) (default: 0.1).
        patience: metrics in a row that may be no better, a whole number from 0 (default: 10).
        threshold: how much better counts, in [0, inf) (default: 1e-4).
        threshold_mode: "rel" for a share of the best metric's size, or "abs" (default: "rel").
        cooldown: metrics after a decay that do not count, a whole number from 0 (default: 0).
        min_lr: lowest learning rate, in [0, inf), or one for each group (default: 0).
        eps: least change that is made, in [0, inf) (default: 1e-8).

    Raises a ValueError that names setting, value and range for what is not legal.
    """

    settings = (
        choice("mode", "min", "max"),
        number("factor", UNIT),
        steps("patience", NONNEGATIVE),
        number("threshold", NONNEGATIVE),
        choice("threshold_mode", "rel", "abs"),
        steps("cooldown", NONNEGATIVE),
        number("eps", NONNEGATIVE),
    )

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        arguments = given(locals())
        check(self.settings, arguments)
        for place, value in enumerate(min_lr if isinstance(min_lr, (list, tuple)) else [min_lr]):
            number(f"min_lr[{place}]", NONNEGATIVE).check(value)
        with_tensors_of_their_own(optimizer)
        super().__init__(optimizer, **arguments)

    def _is_better(self, a: float, best: float) -> bool:
        """Tell whether a metric is better than the best one by more than the threshold."""
        away = self.threshold * (abs(best) if self.threshold_mode == "rel" else 1.0)
        if abs(best) == float("inf"):
            return a < best if self.mode == "min" else a > best
        return bool(a < best - away if self.mode == "min" else a > best + away)

    is_better = _is_better
    """Its name in earlier releases of torch."""

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all but the optimizer."""
        return copy.deepcopy(super().state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint was made; the caller's dictionary is shared with nobody."""
        super().load_state_dict(copy.deepcopy(state_dict))
