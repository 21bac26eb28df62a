"""NAdam: Adam that looks ahead along its first moment."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, SECOND = State("exp_avg"), State("exp_avg_sq")
PRODUCT = State("mu_product", initial=1.0, single=True)
RISE = 0.96
"""The base of the share that the momentum lacks of beta1."""


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the product of the momenta and the two moments."""
    return PRODUCT, FIRST, SECOND


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of NAdam (Dozat 2016, Algorithm 2, its average by beta1)."""
    lr, decay, rise = group["lr"], group["weight_decay"], group["momentum_decay"]
    beta1, beta2 = group["betas"]
    apart = group["decoupled_weight_decay"]
    now, coming = (beta1 * (1 - 0.5 * RISE ** (at * rise)) for at in (t, t + 1))
    product = state["mu_product"] = state["mu_product"] * now
    if present(decay) and not apart:
        g = g + theta * decay
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v = state["exp_avg_sq"] = average(state["exp_avg_sq"], g * g, beta2)
    below = sqrt(v) / sqrt(1 - beta2**t) + group["eps"]
    if present(decay) and apart:
        theta = theta * (1 - lr * decay)
    theta = theta - g * (lr * (1 - now) / (1 - product)) / below
    return theta - m * (lr * coming / (1 - product * coming)) / below


RULE = Rule(
    "NAdam",
    (
        settings.LEARNING_RATE,
        settings.BETAS,
        settings.EPSILON,
        settings.WEIGHT_DECAY,
        settings.number("momentum_decay", settings.NONNEGATIVE),
    ),
    states,
    step,
)


class NAdam(RuleOptimizer):
    """NAdam, a drop-in for `torch.optim.NAdam`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 2e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
        momentum_decay: how fast the momentum rises to its end, in [0, inf) (default: 4e-3).
        decoupled_weight_decay: decay apart from the gradient, times the learning rate (default: False).
        foreach: step all tensors by torch's operations on lists (default: None).
        maximize: climb (default: False).
        capturable: keep counts on the device and never wait for it (default: False).
        differentiable: let autograd go through the step (default: False).
        fused: one pass over memory (default: None).
        rounding: of parameters of 16 bits, one of `nearest`, `stochastic`, `kahan` and `master` (default: nearest).
        wide_states: keep the states of parameters of 16 bits in float32 (default: False).
    """

    rule = RULE

    def __init__(
        self,
        params: Any,
        lr: float | torch.Tensor = 2e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        rounding: str = "nearest",
        wide_states: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))
