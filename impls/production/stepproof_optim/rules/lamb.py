"""LAMB: Adam's direction, scaled for each tensor by the ratio of two norms."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, norm, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, SECOND = State("exp_avg"), State("exp_avg_sq")


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the two moments."""
    return FIRST, SECOND


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of LAMB (You et al. 2020, Algorithm 2)."""
    beta1, beta2 = group["betas"]
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v = state["exp_avg_sq"] = average(state["exp_avg_sq"], g * g, beta2)
    direction = m / (1 - beta1**t) / (sqrt(v) / sqrt(1 - beta2**t) + group["eps"])
    if present(group["weight_decay"]):
        direction = direction + theta * group["weight_decay"]
    own, moved = norm(theta), norm(direction)
    trust = torch.where((own > 0) & (moved > 0), own / moved, 1.0)
    return theta - direction * (trust * group["lr"])


RULE = Rule(
    "LAMB",
    (settings.LEARNING_RATE, settings.BETAS, settings.EPSILON, settings.WEIGHT_DECAY),
    states,
    step,
    elementwise=False,
)


class LAMB(RuleOptimizer):
    """LAMB (You et al. 2020), which torch does not have.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-6).
        weight_decay: share of the parameter in the direction, in [0, inf) (default: 0.01).
        maximize: climb (default: False).
        capturable: keep counts on the device and never wait for it (default: False).
        differentiable: let autograd go through the step (default: False).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        *,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
