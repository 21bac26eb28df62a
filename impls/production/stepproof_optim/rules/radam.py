"""RAdam: Adam whose adaptive rate waits until its variance is known."""

from __future__ import annotations

from typing import Any

import torch

from ..engine import settings
from ..engine.arrays import Array, Scalar, average, choose, present, sqrt
from ..engine.optimizer import RuleOptimizer
from ..engine.rule import Group, Rule, State, States
from ..engine.settings import given

FIRST, SECOND = State("exp_avg"), State("exp_avg_sq")
TRACTABLE = 5
"""The length of the average above which the step is adaptive."""


def states(_group: Group, _p: torch.Tensor) -> tuple[State, ...]:
    """Return the two moments."""
    return FIRST, SECOND


def step(theta: Array, g: Array, state: States, group: Group, t: Scalar) -> Array:
    """Return the parameter after a step of RAdam (Liu et al. 2020, Algorithm 2), epsilon beside the root of v."""
    lr, decay, apart = group["lr"], group["weight_decay"], group["decoupled_weight_decay"]
    beta1, beta2 = group["betas"]
    if present(decay) and not apart:
        g = g + theta * decay
    m = state["exp_avg"] = average(state["exp_avg"], g, beta1)
    v = state["exp_avg_sq"] = average(state["exp_avg_sq"], g * g, beta2)
    correction1, correction2 = 1 - beta1**t, 1 - beta2**t
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / correction2
    adaptive = length > TRACTABLE
    if present(decay) and apart:
        theta = theta * (1 - lr * decay)

    def rectified() -> Array:
        share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return m * (lr / correction1 * sqrt(share) * sqrt(correction2)) / (sqrt(v) + group["eps"])

    return theta - choose(adaptive, rectified, lambda: m * (lr / correction1))


RULE = Rule("RAdam", (settings.LEARNING_RATE, settings.BETAS, settings.EPSILON, settings.WEIGHT_DECAY), states, step)


class RAdam(RuleOptimizer):
    """RAdam, a drop-in for `torch.optim.RAdam`.

    Args:
        params: parameters or param groups.
        lr: learning rate, in [0, inf) (default: 1e-3).
        betas: decay rates of the moments, in [0, 1) (default: (0.9, 0.999)).
        eps: keeps the denominator from zero, in [0, inf) (default: 1e-8).
        weight_decay: L2 in the gradient, in [0, inf) (default: 0).
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
        lr: float | torch.Tensor = 1e-3,
        betas: tuple[float | torch.Tensor, float | torch.Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
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
