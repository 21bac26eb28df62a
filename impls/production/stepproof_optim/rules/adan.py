"""Adan: averages of the gradient, of its change, and of the square of both together."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, CHANGE, SECOND = State("exp_avg"), State("exp_avg_diff"), State("exp_avg_sq")
PREVIOUS = State("previous_grad", initial=None)


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the three averages and the previous gradient, which the first step makes."""
    return FIRST, CHANGE, SECOND, PREVIOUS


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of Adan (Xie et al. 2022, Algorithm 1, corrected as by its authors)."""
    lr, decay = group["lr"], group["weight_decay"]
    beta1, beta2, beta3 = group["betas"]
    previous, ahead, change = state["previous_grad"], g, state["exp_avg_diff"]
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    if previous is not None:
        ahead = g + (g - previous) * beta2
        change = state["exp_avg_diff"] = average(change, g - previous, beta2)
    state["previous_grad"] = g
    n = state["exp_avg_sq"] = average(state["exp_avg_sq"], ahead * ahead, beta3)
    below = sqrt(n) / sqrt(1 - beta3**t) + group["eps"]
    direction = (m / (1 - beta1**t) + change * beta2 / (1 - beta2**t)) / below
    if group["no_prox"]:
        return theta * (1 - lr * decay) - direction * lr
    return (theta - direction * lr) / (1 + lr * decay)


RULE = Rule(
    "Adan",
    (
        settings.LEARNING_RATE,
        settings.numbers("betas", settings.UNIT, settings.UNIT, settings.UNIT),
        settings.EPSILON,
        settings.WEIGHT_DECAY,
    ),
    states,
    step,
)


class Adan(RuleOptimizer):
    """Adan (Xie et al. 2022), which torch does not have.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the averages of gradient, change and square, in [0, 1) (default: (0.98, 0.92, 0.99)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: the parameter is divided by one plus this times the learning rate, in [0, inf) (default: 0).
        no_prox: multiply by one minus it instead (default: False).
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
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor, float | torch.Tensor] = (0.98, 0.92, 0.99),
        eps: float = 1e-8,
        weight_decay: float = 0,
        no_prox: bool = False,
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
